"""总览 and the report of what is owed, in a real browser, of a shop that has been open for a year."""

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import expect

from points_mall.reports import mass
from points_mall.reports import services as reports
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import Shop
from tests.full_shop import open_full_shop

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.fixture
def busy(app: Flask, staffed: Shop) -> Shop:
    """A shop whose figures have been counted."""
    for _done in mass.fill(240, 9_000):
        pass
    open_full_shop(app)
    reports.follow()
    reports.recount_all()
    return staffed


def test_the_figures_of_a_shop_look_right(busy: Shop, desk: Callable[..., Office]) -> None:
    office = desk()
    for lang in ("zh", "en"):
        office.open("/admin", lang=lang).looks_right(f"dashboard-{lang}")
        office.open("/admin/liability", lang=lang).looks_right(f"liability-{lang}")


def test_every_figure_leads_to_its_rows_by_keyboard(
    busy: Shop, desk: Callable[..., Office]
) -> None:
    office = desk().open("/admin")
    office.page.locator(".tile", has_text="积分负债").focus()
    office.page.keyboard.press("Enter")
    office.page.wait_for_url("**/admin/liability")
    expect(office.page.locator("h1")).to_have_text("积分负债")


def test_stock_goes_down_while_somebody_looks(busy: Shop, desk: Callable[..., Office]) -> None:
    office = desk().open("/admin")
    panel = office.page.locator("#panel-flash-sales")
    asked = []
    office.page.on("request", lambda sent: asked.append(sent.url))
    office.page.wait_for_timeout(5_000)
    assert 1 <= len([url for url in asked if url.endswith("/panels/flash-sales")]) <= 3
    expect(panel).not_to_contain_text("正在读取")
