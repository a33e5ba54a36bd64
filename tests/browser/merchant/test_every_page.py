"""Every page of a full shop, in both languages, wide and on a phone: readable by all, and by keyboard alone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.architecture.merchant_walk import routes
from tests.browser.shop import Shop, open_shop
from tests.conftest import TEST_SETTINGS
from tests.full_shop import open_full_shop
from tests.office import Clerk
from tests.services import wechat

from .office import AXE, PHONE, WIDE, Office, hire_the_office

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def app(open_mall: Callable[..., AbstractContextManager[Flask]]) -> Iterator[Flask]:
    """One for all: nobody here does more than look."""
    with (
        wechat.running(str(TEST_SETTINGS["WX_APPID"]), str(TEST_SETTINGS["WX_SECRET"])) as world,
        open_mall(SHOP_NAME="乐购", WX_OPEN_BASE=world.url) as app,
    ):
        yield app


@pytest.fixture(scope="module")
def staffed(app: Flask) -> Iterator[Shop]:
    """A full shop, and its office."""
    with open_shop(app) as shop:
        hire_the_office(shop)
        open_full_shop(app)
        yield shop


def pages(app: Flask) -> list[str]:
    """Every page that needs nothing said in its address; no part of one, and no file."""
    clerk = Clerk(app, "owner")
    simple = [rule.rule for rule in routes(app, "GET") if not rule.arguments]
    return [address for address in simple if "<html" in clerk.get(address).text]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_page_shuts_anybody_out(
    app: Flask, staffed: Shop, desk: Callable[..., Office], lang: str
) -> None:
    office, found = desk(), []
    office.page.add_init_script(path=AXE)
    for address in pages(app):
        office.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        office.page.goto(f"{staffed.address}{address}?lang={lang}")
        expect(office.page.locator("[aria-busy=true]")).to_have_count(0)
        for width, height in (WIDE, PHONE):
            office.page.set_viewport_size({"width": width, "height": height})
            found += [f"{address} at {width}: {fault}" for fault in office.found_by_axe()]
            spills = office.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{address} at {width}: {spills} px too wide"] if spills > 0 else []
    assert found == [], "\n".join(found)


def test_the_keyboard_alone_goes_everywhere(staffed: Shop, desk: Callable[..., Office]) -> None:
    page = desk().open("/admin/members").page
    page.keyboard.press("Tab")
    assert in_focus(page) == "跳到内容"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"

    page.reload()
    doors = page.locator(".side-doors a[href^='/admin']").count()
    reached = set()
    for _step in range(doors + 4):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('href')"))
        assert page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            " && document.activeElement !== document.body"
        ), f"nobody sees where the focus is: {in_focus(page)}"
    assert len({door for door in reached if door and door.startswith("/admin")}) == doors


def test_a_menu_on_a_phone_opens_by_keyboard(staffed: Shop, desk: Callable[..., Office]) -> None:
    page = desk(size=PHONE).open("/admin").page
    toggle = page.locator(".side-toggle")
    assert not page.locator(".side-doors").is_visible()
    toggle.focus()
    page.keyboard.press("Enter")
    assert page.locator(".side-doors").is_visible()
    assert toggle.get_attribute("aria-expanded") == "true"


def in_focus(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))
