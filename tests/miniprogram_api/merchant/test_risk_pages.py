"""风控: refusals with their reasons, lifted with a reason; the block list; the limits."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from miniprogram_api.risk import blocks, decisions
from miniprogram_api.risk.models import Block, RiskDecision
from miniprogram_api.risk.rules import Signals
from tests.builders import enrolled_member, shanghai
from tests.office import Clerk, acts_count, acts_of


@pytest.fixture
def li(app: Flask) -> Clerk:
    clock.set(shanghai("2026-11-21 13:00"))
    return Clerk(app, "manager", "li")


@pytest.fixture
def member_id(app: Flask) -> int:
    return enrolled_member()


def number_of(member_id: int) -> str:
    query = sa.select(Member.member_no).filter_by(id=member_id)
    return db.session.execute(query).scalar_one()


def refusal(subject: str, **signals: int) -> int:
    known = Signals(**signals)  # type: ignore[arg-type]
    return decisions.record(decisions.decide(subject, "referral", known))


def in_force() -> list[tuple[str, str]]:
    db.session.rollback()
    return [(row.kind, row.reason) for row in db.session.scalars(blocks.in_force())]


def test_a_refusal_is_shown_with_its_reasons_and_figures(li: Clerk, member_id: int) -> None:
    number = refusal(f"member:{member_id}", friends_per_inviter=9)
    listed = li.get("/admin/risk").text
    assert "今日邀请人数过多" in listed
    assert f'href="/admin/members/{number_of(member_id)}"' in listed
    page = li.get(f"/admin/risk/{number}").text
    assert "静默限制" in page
    assert "今日邀请人数" in page


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("action=enrol", 0),
        ("action=referral", 1),
        ("verdict=deny", 0),
        ("verdict=quiet", 1),
        ("lifted=yes", 0),
        ("lifted=no", 1),
        ("since=2026-11-22", 0),
        ("q=nobody", 0),
    ],
)
def test_refusals_are_filtered(li: Clerk, member_id: int, asked: str, count: int) -> None:
    refusal(f"member:{member_id}", friends_per_inviter=9)
    assert li.get(f"/admin/risk?{asked}").text.count('data-name="编号"') == count


def test_a_refusal_is_found_by_the_members_number(li: Clerk, member_id: int) -> None:
    refusal(f"member:{member_id}", friends_per_inviter=9)
    refusal("person:abc", friends_per_inviter=9)
    page = li.get(f"/admin/risk?q={number_of(member_id)}").text
    assert page.count('data-name="编号"') == 1


def test_a_refusal_is_lifted_with_a_reason(li: Clerk, member_id: int) -> None:
    number = refusal(f"member:{member_id}", friends_per_inviter=9)
    assert li.post(f"/admin/risk/{number}/lift", reason="老顾客").status_code == 303
    [(who, subject, before, after, why)] = acts_of("risk.lift")
    assert (who, subject, why) == ("staff:li", f"decision:{number}", "老顾客")
    assert before == {"lifted": False, "exempt_until": None}
    assert after == {"lifted": True, "exempt_until": "2026-12-21T13:00:00+08:00"}
    assert "有效至 2026-12-21 13:00：老顾客" in li.get(f"/admin/risk/{number}").text


def test_without_a_reason_nothing_is_lifted(li: Clerk) -> None:
    number, before = refusal("person:abc", friends_per_inviter=9), acts_count()
    assert li.post(f"/admin/risk/{number}/lift", reason="").status_code == 422
    db.session.rollback()
    assert db.session.get_one(RiskDecision, number).lifted_at is None
    assert acts_count() == before


def test_an_address_is_blocked_for_days_and_lifted(li: Clerk) -> None:
    sent = {"kind": "address", "named": "203.0.113.9", "days": "7", "reason": "刷单"}
    assert li.post("/admin/risk/blocks", **sent).status_code == 303
    assert in_force() == [("address", "刷单")]
    [(_who, subject, before, after, why)] = acts_of("risk.block")
    assert subject.startswith("address:")
    assert "203.0.113.9" not in subject
    assert (before, after) == (
        {"blocked": False},
        {"blocked": True, "until": "2026-11-28T13:00:00+08:00"},
    )
    block_id = db.session.execute(sa.select(Block.id)).scalar_one()
    assert li.post(f"/admin/risk/blocks/{block_id}/lift", reason="误封").status_code == 303
    assert in_force() == []
    assert acts_of("risk.unblock")[0][2:] == (after, {"blocked": False}, "误封")
    again = li.post(f"/admin/risk/blocks/{block_id}/lift", reason="误封")
    assert again.status_code == 409
    assert "已解除" in li.get("/admin/risk/blocks?state=over").text
    assert why == "刷单"


def test_a_member_is_blocked_by_number(li: Clerk, member_id: int) -> None:
    sent = {"kind": "member", "named": number_of(member_id), "days": "0", "reason": "刷单"}
    assert li.post("/admin/risk/blocks", **sent).status_code == 303
    assert blocks.blocked_members() == [member_id]
    assert acts_of("member.block")[0][1] == f"member:{number_of(member_id)}"


@pytest.mark.parametrize(
    ("field", "value", "said", "status"),
    [
        ("kind", "planet", "只能是", 422),
        ("named", "not-an-address", "无法识别要封禁的对象", 422),
        ("named", "", "请填写", 422),
        ("named", "9" * 65, "最长 64 字", 422),
        ("days", "366", "须在 0 到 365 之间", 422),
        ("days", "-1", "须在 0 到 365 之间", 422),
        ("days", "soon", "请填整数", 422),
        ("reason", "", "请填写", 422),
        ("reason", "长" * 201, "最长 200 字", 422),
    ],
)
def test_a_block_that_says_nonsense_is_refused_and_kept_in_the_form(
    li: Clerk, field: str, value: str, said: str, status: int
) -> None:
    good = {"kind": "address", "named": "203.0.113.9", "days": "7", "reason": "刷单"}
    before = acts_count()
    answer = li.post("/admin/risk/blocks", **(good | {field: value}))
    assert answer.status_code == status
    assert said in answer.text
    kept = "刷单" if field != "reason" else "203.0.113.9"
    assert f'value="{kept}"' in answer.text
    assert (in_force(), acts_count()) == ([], before)


def test_the_limits_are_shown_and_not_edited(li: Clerk) -> None:
    page = li.get("/admin/risk/limits").text
    assert "RISK_MEMBERS_PER_DEVICE" in page
    assert "staff_sign_in" in page
    assert "<input" not in page.split('id="content"')[1]


def test_only_managers_may(app: Flask) -> None:
    zhou = Clerk(app, "editor")
    for path in ("/admin/risk", "/admin/risk/blocks", "/admin/risk/limits"):
        assert zhou.get(path).status_code == 403
    sent = {"kind": "address", "named": "203.0.113.9", "days": "7", "reason": "刷单"}
    assert zhou.post("/admin/risk/blocks", **sent).status_code == 403
    assert in_force() == []
