"""Pictures of the till for docs/, taken from a real sale.

They go to `build/screenshots`, or where the environment variable SCREENSHOTS says; those in docs/ are
taken so and looked at before they are committed.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .marks import IN_CHROMIUM
from .shop import Shop, coupon, member, mug
from .till import Till

pytestmark = IN_CHROMIUM

FOLDER = Path(os.environ.get("SCREENSHOTS", "build/screenshots"))


@pytest.fixture
def take() -> Callable[[Till, str], None]:
    """Takes a picture once everything has come to rest."""
    FOLDER.mkdir(parents=True, exist_ok=True)

    def picture(till: Till, name: str) -> None:
        till.page.wait_for_timeout(400)
        path = FOLDER / f"till-{name}.png"
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
