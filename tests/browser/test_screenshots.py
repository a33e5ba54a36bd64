"""Pictures of the till for docs/, taken from a real sale.

They go where the environment variable SCREENSHOTS says, and are looked at before they are committed.
Without it the same walks are walked, and no pictures taken.
"""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from miniprogram_api.core.clock import clock
from miniprogram_api.staff import accounts

from .marks import IN_CHROMIUM
from .shop import Shop, coupon, member, mug
from .till import Till

pytestmark = IN_CHROMIUM

FOLDER = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def take() -> Callable[[Till, str], None]:
    """Takes a picture, if any are wanted, once everything has come to rest."""

    def picture(till: Till, name: str) -> None:
        if not FOLDER:
            return
        till.page.wait_for_timeout(400)
        path = Path(FOLDER) / f"till-{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        till.page.screenshot(path=path, animations="disabled")
        assert path.stat().st_size > 10_000

    return picture


@pytest.fixture
def zhang(shop: Shop) -> int:
    """A member with something of everything."""
    person = member(points=3072, wallet_fen=12800, tier="platinum")
    coupon(person, "满 100 减 15", 1500, 10000)
    coupon(person, "满 50 减 5", 500, 5000)
    coupon(person, "满 200 减 40", 4000, 20000)
    return person


Take = Callable[[Till, str], None]


def test_a_sale_in_pictures(shop: Shop, till: Till, zhang: int, take: Take) -> None:
    take(till, "waiting")
    till.scan_member(shop.code_of(zhang))
    till.type("128")
    till.press("F4")
    till.pays("¥75.88")
    take(till, "sale")
    till.page.set_viewport_size({"width": 1024, "height": 600})
    take(till, "sale-1024")
    till.page.set_viewport_size({"width": 390, "height": 844})
    take(till, "sale-390")
    till.page.set_viewport_size({"width": 1280, "height": 720})
    till.press("Enter")
    till.page.wait_for_selector("#done:not([hidden])")
    take(till, "done")
    till.page.wait_for_selector("#done", state="hidden")

    till.press("F8")
    till.page.click(".choice")
    till.page.fill("#refund [name=amount]", "50")
    expect(till.page.locator("#preview .row")).not_to_have_count(0)
    till.page.click("text=质量问题")
    take(till, "refund")
    till.press("Escape")

    order = shop.call(zhang, "/redemptions", {"reward_id": str(mug(50))})
    till.scan(order["pickup_code"])
    expect(till.page.locator("#order")).to_be_visible()
    take(till, "pick-up")
    till.press("Escape")
    till.page.click("#menu")
    till.page.click("#menu-shift")
    expect(till.page.locator("#close-shift")).to_be_visible()
    take(till, "shift")
    till.press("Escape")


def test_goods_that_come_back_and_the_lock_in_pictures(till: Till, take: Take) -> None:
    till.sell_goods(("拿铁", 3, 6000), ("可颂", 2, 3600), ("马克杯", 1, 8900))
    till.press("F8")
    till.page.click("#refund-window .choice")
    till.page.click("[data-line='1'] .choice")
    till.page.get_by_label("减一件").first.click()
    till.page.click("[data-line='3'] .choice")
    expect(till.page.locator("#preview")).to_contain_text("拿铁 × 2")
    till.page.set_viewport_size({"width": 1024, "height": 600})
    take(till, "refund-goods-1024")
    till.page.set_viewport_size({"width": 390, "height": 844})
    take(till, "refund-goods-390")
    till.page.set_viewport_size({"width": 1280, "height": 720})
    take(till, "refund-goods")
    till.press("Escape")
    accounts.set_pin("chen", "730518")
    clock.advance(timedelta(minutes=6))
    till.page.reload()
    expect(till.page.locator("#lock-window")).to_be_visible()
    take(till, "locked")


def test_the_receipt_in_pictures(till: Till, take: Take) -> None:
    till.type("21.90\n")
    till.wait_until_done()
    till.page.click("#print-last")
    till.page.emulate_media(media="print")
    till.page.set_viewport_size({"width": 230, "height": 560})
    take(till, "receipt")


def test_troubles_in_pictures(shop: Shop, till: Till, take: Take) -> None:
    till.scan("134567890123456785")
    till.says("微信付款码")
    take(till, "wrong-code")
    till.press("Escape")
    shop.close()
    till.type("12")
    till.press("Enter")
    till.wait_until_done()
    till.type("36.5")
    take(till, "offline")


def test_registering_and_signing_in_in_pictures(
    shop: Shop, open_page: Callable[..., Page], take: Take
) -> None:
    till = Till(open_page(), shop.address)
    till.page.goto(f"{shop.address}/pos")
    take(till, "sign-in")
    till.sign_in("chen")
    till.page.wait_for_selector("#set-up")
    take(till, "register")


def test_english_in_pictures(
    shop: Shop, open_page: Callable[..., Page], zhang: int, take: Take
) -> None:
    till = Till(open_page(locale="en-US"), shop.address)
    till.open()
    till.scan_member(shop.code_of(zhang))
    till.type("128")
    till.pays("¥106.60")
    take(till, "sale-english")
