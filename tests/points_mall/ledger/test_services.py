"""What the ledger does on its own account: adjusting, expiring, maturing, releasing, forgetting."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import rules
from miniprogram_api.members.models import Member
from miniprogram_api.messaging import opt_in
from points_mall.ledger import audit, notices, posting, services, statements
from points_mall.ledger.models import LedgerEntry, PointsAccount, PointsLot
from points_mall.ledger.validity import expiry_of_points

from .conftest import GIFT, ORDER, PURCHASE, START, enrol

DAY = timedelta(days=1)


def give(member: int, points: int, reference: str, days: int | None = None) -> None:
    with transaction():
        posting.credit(
            member,
            points,
            reason=GIFT,
            reference=reference,
            expires_at=None if days is None else now() + days * DAY,
        )


def figures(member: int) -> dict[str, int]:
    db.session.rollback()
    assert list(audit.findings(db.session())) == []
    return statements.balances(member)


def test_points_live_whole_days_of_the_shop(member: int) -> None:
    expires_at = expiry_of_points(START)  # 2026-11-21 10:00 in Shanghai
    assert expires_at is not None
    assert expires_at.isoformat() == "2027-11-21T16:00:00+00:00"


def test_a_statement_leaves_out_what_has_expired_before_any_job_ran(member: int) -> None:
    give(member, 10, "a", days=1)
    give(member, 20, "b", days=9)
    give(member, 5, "c")
    assert [(one.points, one.at) for one in statements.summary(member).expiring] == [
        (10, START + DAY), (20, START + 9 * DAY)
    ]  # fmt: skip
    clock.advance(DAY)
    assert statements.summary(member).available == 25


def test_a_statement_leaves_out_a_hold_past_its_expiry(member: int) -> None:
    give(member, 30, "a")
    with transaction():
        posting.hold(member, 20, reason=ORDER, reference="h", expires_at=now() + DAY)
    assert figures(member) == {"available": 10, "held": 20, "pending": 0, "debt": 0}
    clock.advance(DAY)
    assert figures(member) == {"available": 30, "held": 0, "pending": 0, "debt": 0}
    assert services.release_holds() == 1
    assert services.release_holds() == 0
    assert figures(member) == {"available": 30, "held": 0, "pending": 0, "debt": 0}


def test_a_member_without_account_has_nothing(app: Flask) -> None:
    assert statements.balances(424242) == {"available": 0, "held": 0, "pending": 0, "debt": 0}


def test_expiry_works_through_more_than_one_batch(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 3)
    clock.set(START)
    members = enrol(8)
    for member in members:
        give(member, 10, "a", days=1)
        give(member, 1, "b")
    clock.advance(DAY)
    assert services.expire_points() == 8
    assert services.expire_points() == 0
    assert [figures(member)["available"] for member in members] == [1] * 8


def test_held_points_expire_when_their_hold_gives_them_back(member: int) -> None:
    give(member, 10, "a", days=1)
    with transaction():
        posting.hold(member, 4, reason=ORDER, reference="h", expires_at=now() + 9 * DAY)
    clock.advance(2 * DAY)
    assert services.expire_points() == 1
    with transaction():
        posting.void(member, reason=ORDER, reference="h")
    assert statements.summary(member).available == 0
    assert services.expire_points() == 1
    assert db.session.scalars(
        sa.select(LedgerEntry.points).where(LedgerEntry.reason == "expiry").order_by(LedgerEntry.seq)
    ).all() == [-6, -4]  # fmt: skip
    assert figures(member)["available"] == 0


def test_earnings_mature_by_the_job(member: int) -> None:
    with transaction():
        posting.credit(member, 40, reason=PURCHASE, reference="p", matures_at=now() + 7 * DAY)
    assert services.mature_earnings() == 0
    shown = statements.summary(member)
    assert [(one.points, one.at) for one in shown.maturing] == [(40, START + 7 * DAY)]
    clock.advance(7 * DAY)
    assert services.mature_earnings() == 1
    assert figures(member) == {"available": 40, "held": 0, "pending": 0, "debt": 0}


def test_closing_an_account_lets_everything_go(member: int) -> None:
    give(member, 50, "a")
    with transaction():
        posting.hold(member, 20, reason=ORDER, reference="h", expires_at=now() + DAY)
        posting.credit(member, 7, reason=PURCHASE, reference="p", matures_at=now() + DAY)
    with transaction():
        services.forfeit(member)
    assert figures(member) == {"available": 0, "held": 0, "pending": 0, "debt": 0}
    last = db.session.scalar(sa.select(LedgerEntry.points).order_by(LedgerEntry.id.desc()))
    assert last == -50


def test_points_about_to_expire_are_announced_once_for_each_date(member: int) -> None:
    with transaction():
        opt_in.report(member, ["points_expiring"] * 5, source="test")
    give(member, 10, "a", days=3)
    give(member, 5, "b", days=3)
    give(member, 99, "far", days=60)
    assert notices.announce_expiring() == 1
    assert notices.announce_expiring() == 0


# ------------------------------------------------------------------ commands


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


@pytest.fixture
def member_no(member: int) -> str:
    """The member's number, with a true check digit."""
    with transaction() as session:
        row = session.get(Member, member)
        assert row is not None
        row.member_no = rules.new_member_no()
        return row.member_no


def test_an_operator_adjusts_with_a_reason_that_is_kept(
    runner: FlaskCliRunner, member_no: str
) -> None:
    give_80 = ["points", "adjust", "--member", member_no, "--points", "80", "--reason", "补偿"]
    answer = runner.invoke(args=[*give_80, "--reference", "ticket:7", "--json"])
    again = runner.invoke(args=[*give_80, "--reference", "ticket:7", "--json"])
    assert json.loads(answer.output) == {"points": 80, "available": 80, "repeated": False}
    assert json.loads(again.output) == {"points": 80, "available": 80, "repeated": True}
    assert db.session.scalar(sa.select(LedgerEntry.explanation)) == {"why": "补偿"}


def test_an_operator_cannot_take_more_than_there_is(runner: FlaskCliRunner, member_no: str) -> None:
    answer = runner.invoke(
        args=["points", "adjust", "--member", member_no, "--points", "-5", "--reason", "x"]
    )
    assert answer.exit_code == 1
    assert "积分不足" in answer.output
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LedgerEntry)) == 0


def test_verify_exits_with_the_truth(runner: FlaskCliRunner, member: int) -> None:
    give(member, 10, "a")
    assert runner.invoke(args=["ledger", "verify"]).exit_code == 0
    with transaction() as session:
        session.execute(sa.update(PointsLot).values(remaining=9))
        session.execute(sa.update(PointsAccount).values(lifetime_earned=11))
    answer = runner.invoke(args=["ledger", "verify", "--json"])
    assert answer.exit_code == 1
    assert {one["what"] for one in json.loads(answer.output)} == {
        "lot 1: remaining", "available + held", "lifetime_earned"
    }  # fmt: skip


def test_members_are_invented_in_any_number(runner: FlaskCliRunner) -> None:
    answer = runner.invoke(args=["seed", "--members", "7", "--points", "30"])
    assert answer.exit_code == 0, answer.output
    balances = db.session.scalars(sa.select(PointsAccount.available)).all()
    assert balances == [30] * 7
    assert list(audit.findings(db.session())) == []
