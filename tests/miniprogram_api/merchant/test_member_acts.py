"""What is done to a member from the member's page: each act leaves its row, each refusal moves nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.models import MemberNote
from miniprogram_api.risk import blocks
from tests.builders import shanghai
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import number_of, open_shop, shopper


@pytest.fixture
def number(app: Flask) -> str:
    """A member's number; the id is 1."""
    clock.set(shanghai("2026-11-21 10:00"))
    open_shop()
    return number_of(shopper(points=120))


def home(number: str, act: str = "") -> str:
    return f"/admin/members/{number}{act}"


def blocked() -> list[int]:
    db.session.rollback()
    return blocks.blocked_members()


def test_a_manager_blocks_for_days_and_lifts_it(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    answer = clerk.post(home(number, "/block"), days="7", reason="脚本刷单")
    assert (answer.status_code, answer.location) == (303, f"{home(number)}?told=done")
    assert blocked() == [1]
    until = "2026-11-28T10:00:00+08:00"
    assert acts_of("member.block") == [
        (
            "staff:the-manager",
            f"member:{number}",
            {"blocked": False},
            {"blocked": True, "until": until},
            "脚本刷单",
        )
    ]
    assert "脚本刷单" in clerk.get(home(number)).text

    answer = clerk.post(home(number, "/unblock"), reason="已核实", asked="unblock")
    assert answer.status_code == 303
    assert blocked() == []
    ((_, _, before, after, why),) = acts_of("member.unblock")
    assert (before, after, why) == (
        {"blocked": True, "until": until},
        {"blocked": False},
        "已核实",
    )


def test_a_block_without_days_stands_until_it_is_lifted(app: Flask, number: str) -> None:
    Clerk(app, "manager").post(home(number, "/block"), days="0", reason="x")
    clock.set(now() + timedelta(days=3660))
    assert blocked() == [1]
    assert acts_of("member.block")[0][3] == {"blocked": True, "until": None}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"days": "7"}, "reason"),
        ({"days": "7", "reason": "  "}, "reason"),
        ({"days": "7", "reason": "x" * 201}, "reason"),
        ({"days": "7", "reason": "x\x07"}, "reason"),
        ({"reason": "x"}, "days"),
        ({"days": "-1", "reason": "x"}, "days"),
        ({"days": "366", "reason": "x"}, "days"),
        ({"days": "seven", "reason": "x"}, "days"),
    ],
)
def test_a_block_that_is_not_understood_is_refused_at_its_field(
    app: Flask, number: str, fields: dict[str, Any], wrong: str
) -> None:
    clerk = Clerk(app, "manager")
    before = acts_count()
    answer = clerk.post(home(number, "/block"), **fields)
    assert answer.status_code == 422
    assert f'id="f-{wrong}-about"' in answer.text
    assert blocked() == []
    assert acts_count() == before


def test_there_is_no_block_to_lift(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    answer = clerk.post(home(number, "/unblock"), reason="x")
    assert answer.status_code == 409
    assert "没有生效的封禁" in answer.text
    assert acts_of("member.unblock") == []


def test_lifting_needs_a_reason(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    clerk.post(home(number, "/block"), days="7", reason="x")
    assert clerk.post(home(number, "/unblock"), reason="").status_code == 422
    assert blocked() == [1]


def test_personal_data_are_taken_away_once_and_written_down(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    answer = clerk.post(home(number, "/export"), reason="会员来电")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="member-{number}.json"'
    told: dict[str, Any] = json.loads(answer.text)
    assert told["profile"]["phone"] == "+8613800135991"
    assert told["points"]["available"] == 120
    ((who, subject, _, after, why),) = acts_of("member.export")
    assert (who, subject, why) == ("staff:the-manager", f"member:{number}", "会员来电")
    assert "profile" in after["parts"]
    assert "13800135991" not in json.dumps(after)


def test_an_export_without_reason_is_refused(app: Flask, number: str) -> None:
    answer = Clerk(app, "manager").post(home(number, "/export"), asked="export")
    assert answer.status_code == 422
    assert "13800135991" not in answer.text
    assert acts_of("member.export") == []


def test_the_owner_erases_who_asks_for_it(app: Flask, number: str) -> None:
    clerk = Clerk(app, "owner")
    clerk.post(home(number, "/notes"), text="爱喝乌龙茶")
    answer = clerk.post(home(number, "/erase"), member_no=f" {number} ", reason="会员来信")
    assert (answer.status_code, answer.location) == (303, f"{home(number)}?told=done")
    db.session.rollback()
    member = db.session.get_one(Member, 1)
    assert (member.nickname, member.phone_sealed, member.birthday) == (None, None, None)
    assert member.closed_at == now()
    assert db.session.scalar(sa.select(sa.func.count(MemberNote.id))) == 0
    ((_, subject, before, after, why),) = acts_of("member.erase")
    assert (subject, after, why) == (f"member:{number}", {"closed": True}, "会员来信")
    assert before["closed"] is False
    assert "已注销" in clerk.get(home(number)).text


def test_another_number_erases_nobody(app: Flask, number: str) -> None:
    clerk = Clerk(app, "owner")
    answer = clerk.post(home(number, "/erase"), member_no=number[:-1], reason="x")
    assert answer.status_code == 422
    assert "会员号不一致" in answer.text
    assert db.session.get_one(Member, 1).closed_at is None
    assert acts_of("member.erase") == []


def test_money_that_was_paid_in_keeps_an_account_open(app: Flask) -> None:
    open_shop()
    member_id = shopper(principal_fen=100)
    number = number_of(member_id)
    answer = Clerk(app, "owner").post(home(number, "/erase"), member_no=number, reason="x")
    assert answer.status_code == 409
    assert "储值本金" in answer.text
    db.session.rollback()
    assert db.session.get_one(Member, member_id).closed_at is None
    assert acts_of("member.erase") == []


def test_who_is_gone_is_neither_blocked_nor_written_about(app: Flask, number: str) -> None:
    clerk = Clerk(app, "owner")
    clerk.post(home(number, "/erase"), member_no=number, reason="x")
    assert clerk.post(home(number, "/block"), days="7", reason="x").status_code == 410
    assert clerk.post(home(number, "/notes"), text="x").status_code == 410
    assert clerk.post(home(number, "/export"), reason="x").status_code == 410
    assert clerk.post(home(number, "/erase"), member_no=number, reason="x").status_code == 410


def test_a_note_is_kept_with_its_writer_and_its_words_stay_out_of_the_audit(
    app: Flask, number: str
) -> None:
    clerk = Clerk(app, "editor")
    answer = clerk.post(home(number, "/notes"), text="对花生过敏")
    assert answer.status_code == 200
    assert "对花生过敏" in answer.text
    assert "the-editor" in answer.text
    assert acts_of("member.note") == [
        ("staff:the-editor", f"member:{number}", None, {"note": 1}, None)
    ]
    told = json.loads(Clerk(app, "manager").post(home(number, "/export"), reason="x").text)
    assert [one["text"] for one in told["staff_notes"]] == ["对花生过敏"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_a_note_that_is_empty_or_too_long_is_refused(app: Flask, number: str, text: str) -> None:
    answer = Clerk(app, "editor").post(home(number, "/notes"), text=text)
    assert answer.status_code == 422
    assert 'id="f-text-about"' in answer.text
    assert db.session.scalar(sa.select(sa.func.count(MemberNote.id))) == 0


def test_the_longest_note_is_taken(app: Flask, number: str) -> None:
    assert Clerk(app, "editor").post(home(number, "/notes"), text="备" * 500).status_code == 200


@pytest.mark.parametrize(
    ("role", "act", "status"),
    [
        ("editor", "/block", 403),
        ("editor", "/unblock", 403),
        ("editor", "/export", 403),
        ("manager", "/erase", 403),
        ("cashier", "/notes", 403),
    ],
)
def test_who_may_not_is_refused(app: Flask, number: str, role: str, act: str, status: int) -> None:
    clerk = Clerk(app, role)
    before = acts_count()
    fields: dict[str, Any] = {"days": "7", "reason": "x", "member_no": number, "text": "x"}
    assert clerk.post(home(number, act), **fields).status_code == status
    assert blocked() == []
    assert acts_count() == before


@pytest.mark.parametrize("act", ["/block", "/unblock", "/export", "/erase", "/notes"])
def test_a_form_without_the_pages_proof_does_nothing(app: Flask, number: str, act: str) -> None:
    clerk = Clerk(app, "owner")
    fields: dict[str, Any] = {"days": "7", "reason": "x", "member_no": number, "text": "x"}
    assert clerk.post(home(number, act), proof=False, **fields).status_code == 403
    assert acts_count() == 0
