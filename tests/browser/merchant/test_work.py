"""Orders, shipments, hand-overs, purchases, refusals, jobs, the audit and the staff in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.jobs.models import Job, JobState
from miniprogram_api.risk import blocks, decisions
from miniprogram_api.risk.rules import Signals
from miniprogram_api.risk.subjects import Kind, address_subject
from miniprogram_api.staff import audit
from points_mall.catalogue import services as catalogue
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.purchases import recording
from points_mall.purchases.facts import Paid
from points_mall.purchases.states import TILL
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import Shop, member, mug

from .office import Office

pytestmark = IN_CHROMIUM

ADDRESS = {
    "name": "李雷",
    "phone": "13800138000",
    "region": "上海市 徐汇区",
    "detail": "漕溪北路 1 号",
}


@pytest.fixture
def buyer(staffed: Shop) -> int:
    return member(points=5_000)


def parcel(shop: Shop, buyer: int) -> str:
    """An order that waits to be sent, by number."""
    terms = RewardTerms("保温杯 500ml", points=600, fulfilment="delivery")
    reward = catalogue.publish(terms, [NewVariant(stock=5)])
    body = {"reward_id": str(reward), "quantity": 1, "delivery": ADDRESS}
    return str(shop.call(buyer, "/redemptions", body)["order_no"])


def waiting_mug(shop: Shop, buyer: int) -> dict[str, str]:
    """An order that waits at the counter."""
    body = {"reward_id": str(mug()), "quantity": 1}
    return shop.call(buyer, "/redemptions", body)


def buried() -> int:
    with transaction() as session:
        row = Job(
            name="risk.forget",
            payload={"due_at": "2026-11-21T19:35:00+00:00", "phone": "13800138000"},
            state=JobState.BURIED,
            attempts=5,
            last_error="OperationalError (57014)",
            created_at=now(),
            due_at=now(),
            finished_at=now(),
        )
        session.add(row)
        session.flush()  # its number is the answer
        return row.id


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_orders_look_right(office: Office, buyer: int, lang: str) -> None:
    waiting_mug(office.shop, buyer)
    number = parcel(office.shop, buyer)
    office.open("/admin/orders", lang=lang).looks_right(f"orders-{lang}")
    office.open(f"/admin/orders/{number}").looks_right(f"order-{lang}")


def test_a_parcel_is_sent_by_keyboard_and_its_address_shown(office: Office, buyer: int) -> None:
    number = parcel(office.shop, buyer)
    page = office.open(f"/admin/orders/{number}").page
    page.get_by_role("button", name="显示（记入审计）").press("Enter")
    expect(page.locator("#address")).to_contain_text("漕溪北路 1 号")
    page.get_by_role("button", name="发货").first.press("Enter")
    page.locator("#f-carrier").fill("顺丰")
    page.keyboard.press("Tab")
    page.keyboard.type("SF1")
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open] [role=alert]")).to_contain_text("运单号格式不对")
    page.locator("#f-tracking_no").fill("SF123456789")
    page.keyboard.press("Enter")
    expect(page.locator(".facts")).to_contain_text("SF123456789")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_shipments_look_right_and_a_file_is_brought_in(
    office: Office, buyer: int, tmp_path: Path, lang: str
) -> None:
    number = parcel(office.shop, buyer)
    page = office.open("/admin/shipments", lang=lang).page
    office.looks_right(f"shipments-{lang}")
    file = tmp_path / "sent.csv"
    file.write_text(f"订单号,快递公司,运单号\n{number},顺丰,SF123456\nR0,中通,7.73E+14\n", "gbk")
    page.set_input_files("[name=file]", file)
    page.locator("[action='/admin/shipments/imports'] button").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    office.looks_right(f"shipment-import-{lang}")
    page.locator("[action$='/apply'] button").press("Enter")
    expect(page.locator(".alert-success").first).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_reward_is_handed_over_by_keyboard(office: Office, buyer: int, lang: str) -> None:
    code = waiting_mug(office.shop, buyer)["pickup_code"]
    page = office.open("/admin/pickups", lang=lang).page
    page.locator("[name=code]").first.focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("[data-focus]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".alert-success")).to_be_visible()
    office.looks_right(f"pickups-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_purchases_look_right(office: Office, buyer: int, lang: str) -> None:
    sold = recording.record_purchase(Paid(TILL, "T1:R-0001", 12_800, now(), buyer))
    office.open("/admin/purchases", lang=lang).looks_right(f"purchases-{lang}")
    office.page.locator("tbody a").first.press("Enter")
    expect(office.page.locator("h1")).to_be_visible()
    office.looks_right(f"purchase-{lang}")
    assert sold.points_earned == 128


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_risk_looks_right(office: Office, buyer: int, lang: str) -> None:
    known = Signals(friends_per_inviter=9, members_per_address=800)
    number = decisions.record(decisions.decide(f"member:{buyer}", "referral", known))
    subject = address_subject("203.0.113.9") or ""
    blocks.block(Kind.ADDRESS, subject, reason="刷单", actor="staff:wang")
    for name, path in {
        "risk": "/admin/risk",
        "decision": f"/admin/risk/{number}",
        "blocks": "/admin/risk/blocks",
        "limits": "/admin/risk/limits",
    }.items():
        office.open(path, lang=lang).looks_right(f"{name}-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_jobs_look_right_and_a_buried_one_is_retried_by_keyboard(office: Office, lang: str) -> None:
    number = buried()
    office.open("/admin/jobs", lang=lang).looks_right(f"jobs-{lang}")
    office.open("/admin/jobs/schedule").looks_right(f"schedule-{lang}")
    page = office.open(f"/admin/jobs/{number}").page
    office.looks_right(f"job-{lang}")
    page.locator("[data-opens=retry]").press("Enter")
    page.locator("#retry-reason").fill("已修复")
    page.keyboard.press("Enter")
    expect(page.locator(".alert-success")).to_be_visible()
    office.open("/admin/acts?act=jobs.retry")
    expect(page.locator("tbody tr")).to_have_count(1)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_audit_looks_right_and_is_searched_while_typing(office: Office, lang: str) -> None:
    with transaction():
        before = {"rate": 1, "minimum": 0, "cap": {"day": 500}, "note": "旧"}
        after = {"rate": 2, "minimum": 100, "cap": {"day": 800}, "note": "新"}
        audit.record(
            "earning.publish", "earning_rule:3", before=before, after=after, reason="双十一"
        )
    page = office.open("/admin/acts", lang=lang).page
    office.looks_right(f"acts-{lang}")
    page.locator("[name=q]").fill("earning_rule:3")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("[name=since]").fill("2030-01-01")
    expect(page.locator(".nothing")).to_be_visible()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_staff_look_right_and_an_account_is_opened_by_keyboard(office: Office, lang: str) -> None:
    office.open("/admin/staff", lang=lang).looks_right(f"staff-{lang}")
    office.open("/admin/staff/li").looks_right(f"staff-person-{lang}")
    page = office.open("/admin/staff/account/new").page
    office.looks_right(f"staff-new-{lang}")
    page.locator("[name=username]").fill("mei")
    page.keyboard.press("Tab")
    page.keyboard.type("小梅")
    page.keyboard.press("Enter")
    expect(page.locator(".secret-once")).to_be_visible()
    office.looks_right(f"staff-password-{lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_my_account_looks_right_(office: Office, lang: str) -> None:
    office.open("/admin/me", lang=lang).looks_right(f"me-{lang}")
