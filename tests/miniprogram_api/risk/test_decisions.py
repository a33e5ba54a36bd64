"""Refusals: recorded once a day with their reasons, lifted by staff, forgotten in time."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.members.services import close_account
from miniprogram_api.risk import arrivals, blocks, decisions, personal
from miniprogram_api.risk.errors import NoSuchDecision
from miniprogram_api.risk.models import RiskDecision
from miniprogram_api.risk.rules import RULE_VERSION, Signals
from miniprogram_api.risk.subjects import Kind
from tests.builders import enrolled_member, shanghai

CROWDED = Signals(members_per_device=6, account_age=timedelta(days=9))


@pytest.fixture(autouse=True)
def _ten_o_clock() -> None:
    clock.set(shanghai("2026-11-21 10:00"))


def refused(subject: str = "person:p1", signals: Signals = CROWDED) -> int:
    decision = decisions.decide(subject, "enrol", signals)
    assert decision.refuses
    return decisions.record(decision)


def row(decision_id: int) -> RiskDecision:
    db.session.rollback()
    return db.session.get_one(RiskDecision, decision_id, populate_existing=True)


def test_a_refusal_explains_itself(app: Flask) -> None:
    kept = row(refused())
    assert (kept.subject, kept.action, kept.verdict) == ("person:p1", "enrol", "deny")
    assert kept.reasons == "members_per_device"
    assert kept.inputs["members_per_device"] == 6
    assert kept.inputs["account_age"] == 9 * 24 * 3600
    assert kept.rule_version == RULE_VERSION


def test_the_same_refusal_again_is_counted(app: Flask) -> None:
    numbers = {refused() for _ in range(5)}
    assert len(numbers) == 1
    assert row(numbers.pop()).times == 5
    other = refused(signals=Signals(rank=4))
    assert row(other).times == 1
    clock.advance(timedelta(days=1))
    assert refused() != other


def test_a_lifted_refusal_is_not_repeated_for_the_same_reasons(app: Flask) -> None:
    number = refused()
    decisions.lift(number, actor="wang", why="a family tablet")
    again = decisions.decide("person:p1", "enrol", CROWDED)
    assert (again.refuses, again.is_lifted) == (False, True)
    assert decisions.decide("person:p2", "enrol", CROWDED).refuses
    worse = Signals(members_per_device=6, rank=4)
    assert decisions.decide("person:p1", "enrol", worse).refuses
    assert row(number).lifted_why == "a family tablet"

    clock.advance(timedelta(days=30))
    assert decisions.decide("person:p1", "enrol", CROWDED).refuses


def test_what_was_never_decided_cannot_be_lifted(app: Flask) -> None:
    with pytest.raises(NoSuchDecision):
        decisions.lift(99, actor="wang", why="x")


def test_old_refusals_are_forgotten(app: Flask) -> None:
    refused()
    assert decisions.forget_before(now()) == 0
    clock.advance(timedelta(days=1))
    assert decisions.forget_before(now()) == 1


class TestReferral:
    def test_an_inviter_with_many_friends_in_a_day_is_not_rewarded_for_more(
        self, app: Flask
    ) -> None:
        li = enrolled_member()
        long_ago = now() - timedelta(days=3)
        told = [arrivals.check_referral(li, friend, long_ago).refuses for friend in range(100, 107)]
        assert told == [False] * 5 + [True] * 2
        [kept] = personal.decisions_about(li)
        assert kept["verdict"] == "quiet"
        assert kept["reasons"] == ["friends_per_inviter"]
        assert kept["times"] == 2

    def test_neither_blocked_inviters_nor_blocked_friends_bring_a_reward(self, app: Flask) -> None:
        li, wang = enrolled_member(), enrolled_member("oWang-000000000001")
        blocks.block(Kind.MEMBER, str(wang), reason="scripts", actor="zhao")
        decision = arrivals.check_referral(li, wang, now() - timedelta(days=3))
        assert decision.refuses
        assert decision.judgement.reasons == ("member_blocked",)

    def test_a_closed_account_leaves_nothing_of_this_behind(self, app: Flask) -> None:
        li = enrolled_member()
        for friend in range(100, 107):
            arrivals.check_referral(li, friend, now() - timedelta(days=3))
        assert len(personal.decisions_about(li)) == 1
        close_account(li)
        assert personal.decisions_about(li) == []
