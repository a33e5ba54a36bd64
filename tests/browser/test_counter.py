"""What else a counter does: handing over, closing the shift, the camera, languages, small screens."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .marks import IN_CHROMIUM
from .shop import Shop, member, mug
from .till import Till

pytestmark = IN_CHROMIUM


def test_a_pick_up_is_handed_over_once_and_undone(shop: Shop, till: Till) -> None:
    zhang = member(points=1000)
    order = shop.call(zhang, "/redemptions", {"reward_id": str(mug())})
    till.scan(order["pickup_code"])
    expect(till.page.locator("#order")).to_contain_text("马克杯")
    expect(till.page.locator("#order-state")).to_have_text("待取")
    till.page.click("#hand-over-go")
    expect(till.page.locator("#order-state")).to_have_text("已取走")
    till.scan(order["pickup_code"])
    expect(till.page.locator("#hand-over-go")).to_have_count(0)
    till.page.click("#undo-go")
    expect(till.page.locator("#order-state")).to_have_text("待取")


def test_a_shift_is_closed_with_its_report(till: Till) -> None:
    till.type("20\n")
    till.wait_until_done()
    till.page.click("[data-tender=wechat]")
    till.type("30\n")
    till.wait_until_done()
    till.page.click("#menu")
    till.page.click("#menu-shift")
    report = till.page.locator("#shift")
    expect(report).to_contain_text("2 笔 · ¥50.00")
    expect(report).to_contain_text("1 笔 · ¥30.00")
    till.page.fill("#close-shift [name=counted]", "19.50")
    till.page.click("#close-shift-go")
    expect(till.page.locator("#shift-closed")).to_be_visible()
    expect(report).to_contain_text("−¥0.50")
    assert till.page.evaluate("window.printed") == 1


def test_the_page_speaks_english(till: Till) -> None:
    till.page.click("#menu")
    till.page.click("#language")
    till.wait_until_ready()
    expect(till.page.locator("#confirm")).to_contain_text("Take payment")
    till.type("12+")
    till.press("Enter")
    till.says("The sum is not finished")


@pytest.mark.parametrize("size", [(1024, 600), (390, 844)])
def test_small_screens_show_a_sale_whole(
    shop: Shop, open_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    till = Till(open_page(size), shop.address)
    till.open()
    till.scan_member(shop.code_of(member(points=3072, tier="platinum", wallet_fen=12800)))
    till.type("128")
    till.pays("¥121.60")
    width, height = size
    wide = till.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    confirm = till.page.locator("#confirm").bounding_box()
    assert confirm is not None
    assert confirm["y"] + confirm["height"] <= height
    assert till.page.evaluate(_SMALL_TARGETS) == []
    assert till.page.evaluate("parseFloat(getComputedStyle(payable).fontSize)") >= 40


_SMALL_TARGETS = """() => [...document.querySelectorAll('button, a, input')]
    .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && (box.width < 43.9 || box.height < 43.9))
    .map(([name, box]) => `${name} ${box.width}×${box.height}`)"""
