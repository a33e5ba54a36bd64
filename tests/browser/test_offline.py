"""The line goes down: the till sells on, earning only, and tells the server later, in order."""

from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from miniprogram_api.core.db import db
from points_mall.cashier.models import TillSale

from .marks import IN_CHROMIUM
from .shop import Shop, member, points_of
from .till import Till

pytestmark = IN_CHROMIUM

BACK_MS = 20_000  # the line is asked for every two seconds


def status(till: Till) -> Any:
    return till.page.locator("#line")


def lose_the_line(shop: Shop, till: Till) -> None:
    shop.close()
    till.type("1")
    expect(status(till)).to_contain_text("离线")
    till.press("Escape")


def receipts() -> list[tuple[str, int, bool]]:
    """Receipt, amount and whether the device told it later, in the order of the books."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(TillSale).order_by(TillSale.id))
    return [(row.receipt_no[-5:], row.answer["gross_fen"], row.is_offline) for row in rows]


@pytest.fixture
def kept_page(till: Till) -> Till:
    """A till whose page the browser has kept."""
    till.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return till


def test_sales_are_kept_and_told_in_order_when_the_line_returns(shop: Shop, till: Till) -> None:
    zhang = member()
    code = shop.code_of(zhang)
    lose_the_line(shop, till)
    for amount in ("12", "34", "56"):
        till.type(amount)
        till.pays(f"¥{amount}.00")
        till.press("Enter")
        till.wait_until_done()
    till.scan(code)
    expect(till.page.locator("#member .person")).to_contain_text("离线会员")
    till.type("78\n")
    till.wait_until_done()
    expect(status(till)).to_contain_text("待同步 4 笔")
    assert receipts() == []

    shop.open()
    expect(status(till)).to_contain_text("在线 · 待同步 0 笔", timeout=BACK_MS)
    till.says("4 笔离线交易已入账")
    assert [(amount, offline) for _no, amount, offline in receipts()] == [
        (1200, True),
        (3400, True),
        (5600, True),
        (7800, True),
    ]
    assert points_of(zhang) == 78


def test_spending_is_refused_while_the_line_is_down_and_says_so(shop: Shop, till: Till) -> None:
    till.scan_member(shop.code_of(member(points=500)))
    lose_the_line(shop, till)
    till.scan_member("000000000000")
    till.press("F4")
    till.says("离线时不能做这件事")
    till.press("F8")
    till.says("离线时不能做这件事")
    expect(till.page.locator("dialog")).to_have_count(0)


def test_the_page_opens_without_the_line_and_keeps_what_waits(shop: Shop, kept_page: Till) -> None:
    till = kept_page
    lose_the_line(shop, till)
    till.type("12\n")
    till.wait_until_done()
    till.page.reload()
    till.wait_until_ready()
    expect(status(till)).to_contain_text("离线 · 待同步 1 笔")
    till.type("34\n")
    till.wait_until_done()
    shop.open()
    expect(status(till)).to_contain_text("在线 · 待同步 0 笔", timeout=BACK_MS)
    assert [amount for _no, amount, _offline in receipts()] == [1200, 3400]


def test_what_does_not_come_through_is_listed_for_the_manager(shop: Shop, till: Till) -> None:
    code = shop.code_of(member())
    till.scan_member(code)
    till.type("10\n")
    till.wait_until_done()
    lose_the_line(shop, till)
    till.scan(code)
    till.type("20\n")
    till.wait_until_done()
    shop.open()
    expect(status(till)).to_contain_text("1 笔待店长处理", timeout=BACK_MS)
    status(till).click()
    expect(till.page.locator(".sale.conflict")).to_contain_text("会员码已使用")
    expect(till.page.locator(".sale.conflict")).to_contain_text("请店长处理")
    assert [amount for _no, amount, _offline in receipts()] == [1000, 2000]


def test_an_answer_that_was_lost_is_asked_for_again_and_one_sale_is_made(
    shop: Shop, till: Till
) -> None:
    lost: list[int] = []

    def lose(route: Any) -> None:
        if not lost:
            lost.append(route.fetch().status)  # the server sold; nobody heard it
            route.abort()
        else:
            route.continue_()

    till.page.route("**/api/v1/pos/sales", lose)
    till.type("12")
    till.pays("¥12.00")
    till.press("Enter")
    till.says("这一单尚未确认")
    expect(status(till)).to_contain_text("在线", timeout=BACK_MS)
    till.page.click("#again")
    till.wait_until_done()
    assert lost == [201]
    assert [amount for _no, amount, _offline in receipts()] == [1200]


def test_a_device_that_was_not_registered_cannot_sell_offline(shop: Shop, open_page: Any) -> None:
    till = Till(open_page(), shop.address)
    till.sign_in("chen")
    till.page.fill("#set-up [name=code]", "T7")
    till.page.click("#use-unregistered")
    till.wait_until_ready()
    lose_the_line(shop, till)
    till.type("12\n")
    till.says("本机未登记")
    expect(status(till)).to_contain_text("待同步 0 笔")
