"""积分规则、会员等级、签到规则 in a real browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from checkin import rule_book as checkin_rules
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.merchant.drafts import draft_of
from points_mall.earning import rule_book
from points_mall.earning.example import EXAMPLE
from points_mall.earning.terms import Rate
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import member
from tests.points_mall.coupon_drops.conftest import template
from tests.points_mall.earning.conftest import awarded, buys

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", ["earning", "tiers", "check-in"])
def test_the_rules_look_right(office: Office, page: str, lang: str) -> None:
    rule_book.publish(EXAMPLE, note="双十二")
    for tier in (None, "gold", "gold", "diamond"):
        member(tier=tier)
    office.open(f"/admin/{page}", lang=lang).looks_right(f"{page}-{lang}")
    office.open(f"/admin/{page}/edit", lang=lang)
    expect(office.page.locator("#preview table, #preview .strip").first).to_be_visible()
    office.looks_right(f"{page}-edit-{lang}")


def test_a_rule_is_tried_and_published_by_keyboard_alone(office: Office) -> None:
    page = office.open("/admin/earning/edit").page
    retype(page, "每消费（元）", "2")
    retype(page, "得积分", "3")
    retype(page, "一笔消费（元）", "50")
    expect(page.locator(".preview-figure")).to_have_text("75 分")
    retype(page, "为什么改", "试一试")
    for _ in range(2):  # past the draft's button to the one that publishes
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已发布")).to_be_visible()
    db.session.rollback()
    rule = rule_book.in_force(db.session(), now())
    assert rule is not None
    assert rule.terms.rate == Rate(3, 200)


def test_the_last_days_are_replayed_and_drawn(office: Office) -> None:
    rule_book.publish(EXAMPLE)
    members = [member(), member()]
    awarded(*(buys(one, number, 10_000, occurred_at=now()) for number, one in enumerate(members)))
    page = office.open("/admin/earning/edit").page
    retype(page, "得积分", "2")
    page.get_by_role("button", name="开始回放").click()
    expect(page.locator("#what-if .preview-figure")).to_contain_text("+200 分")
    expect(page.locator("#what-if canvas[data-drawn]")).to_be_visible()
    page.locator("#what-if canvas").scroll_into_view_if_needed()
    office.looks_right("earning-replayed-zh")


def test_a_week_is_drawn_anew_while_rows_come_and_go(office: Office) -> None:
    page = office.open("/admin/check-in/edit").page
    days = page.locator(".strip-day b")
    page.locator("[name=daily-0-amount]").fill("8")
    expect(days.first).to_have_text("+8")
    page.locator("#daily-rows tr").last.get_by_role("button").click()
    expect(days.last).to_have_text("+15")
    page.get_by_role("button", name="加一天").click()
    page.keyboard.type("7")  # the new row has the focus
    page.locator("[name=daily-7-amount]").fill("99")
    expect(days.last).to_have_text("+99")
    assert list(checkin_rules.versions(db.session())) == []


def test_the_later_of_two_tabs_is_shown_both_and_chooses(office: Office) -> None:
    page = office.open("/admin/tiers/edit").page
    other = page.context.new_page()
    other.goto(page.url)
    for tab, days in ((other, "11"), (page, "22")):
        tab.locator("[name=grace_days]").fill(days)
        tab.get_by_role("button", name="保存草稿").click()
    row = page.get_by_role("row", name="宽限天数")
    expect(row.get_by_role("cell")).to_have_text(["宽限天数", "11", "22"])
    office.looks_right("conflict-zh")
    page.get_by_role("button", name="用我的").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    expect(page.locator("[name=grace_days]")).to_have_value("22")


def test_a_scheduled_version_is_withdrawn_by_keyboard(office: Office) -> None:
    later = rule_book.publish(EXAMPLE, now() + timedelta(days=2), note="双十二")
    page = office.open("/admin/earning").page
    page.get_by_role("button", name="撤回", exact=True).press("Enter")
    page.keyboard.type("算错了")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("已撤回，不会生效")
    expect(page.get_by_role("row", name="双十二")).to_contain_text("撤回：算错了")
    office.looks_right("earning-withdrawn-zh")
    db.session.rollback()
    assert set(rule_book.withdrawn(db.session())) == {later.version}


def test_weekdays_are_picked_and_outlive_an_accident(office: Office) -> None:
    rule_book.publish(EXAMPLE)
    page = office.open("/admin/earning/edit").page
    week = page.get_by_role("group", name="每周星期几").first
    for day in ("六", "日"):
        week.get_by_label(day, exact=True).check()
    expect(week.get_by_role("checkbox", checked=True)).to_have_count(2)
    page.reload()
    office.looks_right("earning-offered-zh")
    page.get_by_role("button", name="恢复").click()
    expect(week.get_by_role("checkbox", checked=True)).to_have_count(2)
    page.get_by_role("button", name="保存草稿").click()
    expect(page.get_by_text("草稿已保存")).to_be_visible()
    expect(week.get_by_role("checkbox", checked=True)).to_have_count(2)
    week.scroll_into_view_if_needed()
    office.looks_right("earning-weekdays-zh")
    db.session.rollback()
    draft = draft_of("earning_rule", "rule")
    assert draft is not None
    assert draft.content["campaigns"][0]["weekdays"] == "6,7"


def test_a_coupon_is_chosen_by_its_name(office: Office) -> None:
    template("welcome")
    page = office.open("/admin/check-in/edit").page
    page.locator("[name=daily-0-kind]").select_option("coupon")
    page.locator("[name=daily-0-amount]").fill("1")
    page.locator("[name=daily-0-item]").select_option("welcome")
    expect(page.locator(".strip-day").first).to_contain_text("优惠券 ×1")


def retype(page: Page, label: str, text: str) -> None:
    """Go to a field by its label and type over what stands there."""
    page.get_by_label(label).first.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
