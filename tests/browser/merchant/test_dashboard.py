"""总览 and the report of what is owed, in a real browser, of a shop that has been open for a year."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from playwright.sync_api import expect

from points_mall.reports import mass
from points_mall.reports import services as reports
from tests.browser.shop import Shop, open_shop
from tests.full_shop import open_full_shop

from .office import Office, hire_the_office

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def staffed(open_mall: Callable[..., AbstractContextManager[Flask]]) -> Iterator[Shop]:
    """A shop whose figures have been counted; all only look at them."""
    with open_mall(SHOP_NAME="乐购") as app, open_shop(app) as shop:
        hire_the_office(shop)
        for _done in mass.fill(240, 9_000):
            pass
        open_full_shop(app)
        reports.follow()
        reports.recount_all()
        yield shop


def test_the_figures_of_a_shop_look_right(desk: Callable[..., Office]) -> None:
    office = desk()
    for lang in ("zh", "en"):
        office.open("/admin", lang=lang).looks_right(f"dashboard-{lang}")
        office.open("/admin/liability", lang=lang).looks_right(f"liability-{lang}")


def test_every_figure_leads_to_its_rows_by_keyboard(desk: Callable[..., Office]) -> None:
    office = desk().open("/admin")
    office.page.locator(".tile", has_text="积分负债").focus()
    office.page.keyboard.press("Enter")
    office.page.wait_for_url("**/admin/liability")
    expect(office.page.locator("h1")).to_have_text("积分负债")


def test_stock_goes_down_while_somebody_looks(desk: Callable[..., Office]) -> None:
    office = desk().open("/admin")
    panel = office.page.locator("#panel-flash-sales")
    asked = []
    office.page.on("request", lambda sent: asked.append(sent.url))
    office.page.wait_for_timeout(5_000)
    assert 1 <= len([url for url in asked if url.endswith("/panels/flash-sales")]) <= 3
    expect(panel).not_to_contain_text("正在读取")
