"""会员 and 审批 in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.names import follow_nickname
from points_mall.ledger.adjustments import adjust
from points_mall.reports import services as reports
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import coupon, member, points_of
from tests.points_mall.ledger.desk import acting

from .office import Office

pytestmark = IN_CHROMIUM
PEOPLE = (("张爱华", "+8613800135991"), ("朱伟", "+8618612342028"), ("陈军", "+8615812342363"))


def number_of(member_id: int) -> str:
    db.session.rollback()
    return db.session.get_one(Member, member_id).member_no


@pytest.fixture
def people(office: Office) -> list[int]:
    """Three members, the first with a coupon."""
    ids = [
        member(points=640, wallet_fen=12800, nickname=nickname, phone=phone)
        for nickname, phone in PEOPLE
    ]
    with transaction():
        for member_id, (nickname, _) in zip(ids, PEOPLE, strict=True):
            follow_nickname(member_id, nickname)
    coupon(ids[0], "满100减20", 2000, 10000)
    reports.recount_all()
    return ids


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    expect(page.locator(".panel-waiting")).to_have_count(0)


def test_members_are_found_while_typing(office: Office, people: list[int]) -> None:
    office.open("/admin/members", lang="zh").looks_right("members-zh")
    rows, search = office.page.locator("#rows tbody tr"), office.page.get_by_role("searchbox")
    expect(rows).to_have_count(3)
    search.press_sequentially("5991")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("张爱华")
    search.fill("没有这人")
    expect(office.page.get_by_text("没有符合的会员")).to_be_visible()
    search.fill("朱")
    expect(rows).to_have_count(1)
    rows.get_by_role("link").press("Enter")
    expect(office.page.get_by_role("heading", level=1)).to_have_text("朱伟")


def test_a_members_tabs_open_by_the_arrow_keys(office: Office, people: list[int]) -> None:
    office.open(f"/admin/members/{number_of(people[0])}", lang="zh").looks_right("member-zh")
    page = office.page
    page.get_by_role("tab", name="积分流水").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="优惠券")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#tab-panel")).to_contain_text("满100减20")
    office.looks_right("member-coupons-zh")
    page.get_by_role("button", name="作废").first.click()
    page.get_by_role("dialog").get_by_label("原因").fill("发错了")
    page.get_by_role("dialog").get_by_role("button", name="作废").click()
    expect(page.locator("#tab-panel")).to_contain_text("已作废")
    expect(page.get_by_text("已完成")).to_be_visible()
    tab(page, "行为与沉睡")
    expect(page.locator("#tab-panel")).to_contain_text("连续签到")
    office.looks_right("member-habits-zh")
    tab(page, "备注")
    page.get_by_label("写一条备注").fill("对花生过敏")
    page.keyboard.press("Enter")
    expect(page.locator(".notes")).to_contain_text("对花生过敏")
    office.looks_right("member-notes-zh")


def test_points_are_adjusted_by_keyboard_alone(office: Office, people: list[int]) -> None:
    page, who = office.page, people[0]
    office.open(f"/admin/members/{number_of(who)}", lang="zh")
    page.get_by_role("link", name="调整积分").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("调整积分")
    office.looks_right("adjust-zh")
    page.get_by_label("积分", exact=True).focus()
    page.keyboard.type("60")
    page.keyboard.press("Tab")
    page.keyboard.type("门店补偿")
    page.keyboard.press("Enter")
    expect(page.locator("#before-after")).to_contain_text("700")
    office.looks_right("adjust-look-zh")
    expect(page.get_by_role("button", name="确认调整")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已完成")).to_be_visible()
    assert points_of(who) == 700


def test_a_second_person_approves(office: Office, people: list[int]) -> None:
    page, who = office.page, people[0]
    with acting(office.shop.app, "li"):
        adjust(who, 20_000, why="年会奖励", key="a" * 32, seen=640)
    office.open("/admin/approvals", lang="zh").looks_right("approvals-zh")
    expect(page.locator(".side-count").first).to_contain_text("1")
    page.get_by_role("button", name="同意").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("已核实")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有等待审批的调整")).to_be_visible()
    assert points_of(who) == 20_640


def test_everything_reads_in_english(office: Office, people: list[int]) -> None:
    with acting(office.shop.app, "li"):
        adjust(people[0], 20_000, why="Bonus", key="a" * 32, seen=640)
    here = f"/admin/members/{number_of(people[0])}"
    office.open("/admin/members", lang="en").looks_right("members-en")
    office.open(here).looks_right("member-en")
    office.open("/admin/approvals").looks_right("approvals-en")
    for act in ("adjust", "coupons", "tier", "block", "erase"):
        office.open(f"{here}/{act}").looks_right(f"member-{act}-en")


def test_what_was_typed_stands_when_it_is_refused(office: Office, people: list[int]) -> None:
    page = office.page
    office.open(f"/admin/members/{number_of(people[0])}/adjust", lang="zh")
    page.get_by_label("增加还是扣减").select_option("take")
    page.get_by_label("积分", exact=True).fill("641")
    page.get_by_label("原因").fill("扣多了")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("alert")).to_contain_text("积分不足")
    expect(page.get_by_label("积分", exact=True)).to_have_value("641")
    expect(page.get_by_label("原因")).to_have_value("扣多了")
    assert points_of(people[0]) == 640
