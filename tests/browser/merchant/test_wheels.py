"""幸运转盘 in a real browser: the wheel is drawn while it is typed."""

import pytest
from playwright.sync_api import expect

from lottery.demo import demo_wheel
from lottery.services import create
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from tests.browser.marks import IN_CHROMIUM

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.fixture
def wheel(office: Office) -> int:
    """The wheel of the demo, with the coupon that it promises."""
    terms = CouponTerms(
        Kind.AMOUNT_OFF, Validity(Span.DAYS, days=30), amount_fen=1000, threshold_fen=5000
    )
    publish(Draft("full50off10", "满50减10", "10 off 50", terms), actor="test")
    return create(demo_wheel(), actor="demo")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_of_wheels_look_right(office: Office, wheel: int, lang: str) -> None:
    office.open("/admin/wheels", lang=lang).looks_right(f"wheels-{lang}")
    office.open(f"/admin/wheels/{wheel}").looks_right(f"wheel-{lang}")
    office.open(f"/admin/wheels/{wheel}/edit").looks_right(f"wheel-editor-{lang}")


def test_a_wheel_is_changed_by_keyboard_and_drawn_meanwhile(office: Office, wheel: int) -> None:
    page = office.open(f"/admin/wheels/{wheel}/edit").page
    expect(page.locator("#odds-0")).to_have_text("0.1%")
    weight = page.get_by_label("权重", exact=True).first
    weight.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("20")
    expect(page.locator("#odds-0")).not_to_have_text("0.1%")
    expect(page.locator("#preview")).to_contain_text("权重合计 10,010")
    page.get_by_role("button", name="加一个奖品").press("Enter")
    expect(page.get_by_label("奖品名称").nth(8)).to_be_focused()
    page.get_by_role("button", name="删除这个奖品").nth(8).press("Enter")
    expect(page.get_by_label("奖品名称")).to_have_count(8)
    page.get_by_label("总权重").fill("10010")
    page.get_by_role("button", name="模拟 10,000 次").press("Enter")
    expect(page.locator("#simulated canvas")).to_be_visible()
    page.get_by_label("为什么改").fill("耳机多一点")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="发布").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已发布")
    expect(page.locator("main")).to_contain_text("v2")
