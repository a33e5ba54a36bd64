"""A shop, a browser, a till."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from . import chromium
from .shop import Shop, open_shop
from .till import Till

WIDE = (1280, 720)
SLOW_MS = 20_000  # how long a page may take on a busy machine

expect.set_options(timeout=SLOW_MS)


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    """What speaks to browsers."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(driver: Playwright) -> Iterator[Browser]:
    """One Chromium for all; every test opens profiles of its own in it."""
    with chromium.running(driver) as running:
        yield running


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"SHOP_NAME": "乐购", "TILL_SCANS_BURST": 1000, "MEMBER_CODES_PER_MINUTE": 1000}


@pytest.fixture
def shop(app: Flask) -> Iterator[Shop]:
    """An open shop with a cashier, 小陈, and a manager, 李店长; a yuan earns a point."""
    with open_shop(app) as shop:
        yield shop


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A fresh browser profile with one page; whatever the page complains about fails the test."""
    contexts, complaints = [], []

    def page(size: tuple[int, int] = WIDE, locale: str = "zh-CN", **more: object) -> Page:
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            timezone_id="Asia/Shanghai",
            **more,  # type: ignore[arg-type]
        )
        context.set_default_timeout(SLOW_MS)
        contexts.append(context)
        context.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; }")
        opened = context.new_page()
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on(
            "console",
            lambda said: complaints.append(said.text) if _is_complaint(said.text) else None,
        )
        return opened

    yield page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(said: str) -> bool:
    return "Content Security Policy" in said or "Uncaught" in said


@pytest.fixture
def till(shop: Shop, open_page: Callable[..., Page]) -> Till:
    """A registered till, 小陈 behind it."""
    till = Till(open_page(), shop.address)
    till.open()
    return till
