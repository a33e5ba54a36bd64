"""The till locks itself when nobody was there, and opens for a PIN or a password."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from miniprogram_api.core.clock import clock
from miniprogram_api.staff import accounts

from .marks import IN_CHROMIUM
from .shop import PASSWORD, Shop, member, points_of
from .test_offline import BACK_MS, lose_the_line, receipts, status
from .till import Till

pytestmark = IN_CHROMIUM

PIN = "730518"


def leave_alone(till: Till) -> None:
    """Nobody is at the till for six minutes, by the clock of the shop."""
    till.page.wait_for_load_state("networkidle")
    clock.advance(timedelta(minutes=6))


def is_locked(till: Till) -> None:
    expect(till.page.locator("#lock-window")).to_contain_text("请小陈输入 PIN 或密码继续")


def is_open(till: Till) -> None:
    expect(till.page.locator("#lock-window")).to_have_count(0)


def test_the_act_that_was_begun_goes_on_after_the_pin(shop: Shop, till: Till) -> None:
    accounts.set_pin("chen", PIN)
    till.page.reload()
    till.wait_until_ready()
    leave_alone(till)
    till.type("12")
    is_locked(till)
    till.page.fill("#lock [name=secret]", "111222")
    expect(till.page.locator("#lock .trouble")).to_have_text("PIN 或密码不正确")
    till.page.fill("#lock [name=secret]", PIN)
    is_open(till)
    till.pays("¥12.00")
    till.press("Enter")
    till.wait_until_done()
    assert [amount for _no, amount, _offline in receipts()] == [1200]


def test_without_a_pin_the_password_opens_it(till: Till) -> None:
    leave_alone(till)
    till.page.reload()
    is_locked(till)
    till.page.fill("#lock [name=secret]", PASSWORD)
    till.press("Enter")
    is_open(till)
    till.wait_until_ready()


def test_the_page_locks_by_itself(shop: Shop, open_page: Callable[..., Page]) -> None:
    till = Till(open_page(), shop.address)
    till.page.clock.install()
    till.open()
    till.page.clock.run_for(290_000)
    is_open(till)
    till.page.clock.run_for(20_000)
    is_locked(till)
    till.press("Escape")
    till.scan(shop.code_of(member()))
    is_locked(till)
    expect(till.page.locator("#member .person")).to_have_count(0)
    till.page.fill("#lock [name=secret]", PASSWORD)
    till.page.click("#lock-go")
    is_open(till)


def test_whoever_takes_over_signs_in_anew(till: Till) -> None:
    leave_alone(till)
    till.page.reload()
    is_locked(till)
    till.page.click("#lock-sign-out")
    till.page.wait_for_url("**/staff/sign-in?next=/pos")


def test_what_waits_outlives_the_lock(shop: Shop, till: Till) -> None:
    zhang = member()
    code = shop.code_of(zhang)
    lose_the_line(shop, till)
    till.scan(code)
    till.type("56\n")
    till.wait_until_done()
    clock.advance(timedelta(minutes=6))
    shop.open()
    expect(till.page.locator("#lock-window")).to_be_visible(timeout=BACK_MS)
    expect(status(till)).to_contain_text("待同步 1 笔")
    assert receipts() == []
    till.page.fill("#lock [name=secret]", PASSWORD)
    till.page.click("#lock-go")
    expect(status(till)).to_contain_text("在线 · 待同步 0 笔", timeout=BACK_MS)
    assert [(amount, offline) for _no, amount, offline in receipts()] == [(5600, True)]
    assert points_of(zhang) == 56


def test_a_locked_till_sells_on_while_the_line_is_down(shop: Shop, till: Till) -> None:
    leave_alone(till)
    till.type("1")
    is_locked(till)
    shop.close()
    till.page.fill("#lock [name=secret]", PASSWORD)
    till.page.click("#lock-go")
    is_open(till)
    till.press("Escape")
    till.type("12\n")
    till.wait_until_done()
    expect(status(till)).to_contain_text("离线 · 待同步 1 笔")


def test_a_pin_is_set_at_the_till(till: Till) -> None:
    till.page.click("#menu")
    till.page.click("#menu-pin")
    till.page.fill("#pin [name=pin]", "123456")
    till.page.fill("#pin [name=again]", "123456")
    till.page.fill("#pin [name=password]", PASSWORD)
    till.page.click("#pin-go")
    expect(till.page.locator("#pin .trouble")).to_contain_text("不能是连号或重复的数字")
    till.page.fill("#pin [name=pin]", PIN)
    till.page.fill("#pin [name=again]", PIN)
    till.page.click("#pin-go")
    till.says("PIN 已设置")
    leave_alone(till)
    till.type("1")
    is_locked(till)
    till.page.fill("#lock [name=secret]", PIN)
    is_open(till)


def test_a_manager_signs_by_pin(till: Till) -> None:
    accounts.set_pin("li", PIN)
    till.type("300\n")
    till.wait_until_done()
    till.page.click("#last-sale .soft:nth-child(2)")
    till.page.fill("#refund-reason", "收错金额")
    till.page.click("#refund-go")
    till.page.fill("#approval [name=username]", "li")
    till.page.fill("#approval [name=password]", PIN)
    till.page.click("#approval-go")
    expect(till.page.locator("#refunded")).to_contain_text("已退 ¥300.00")
