"""Awards are given once, by the rule and within the caps of the moment of the purchase."""

import random
import threading
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.earning import audit, awards
from points_mall.earning.errors import NoSuchAward
from points_mall.earning.personal import export_awards
from points_mall.earning.reasons import PURCHASE
from points_mall.earning.services import award, quote
from points_mall.earning.terms import REJECT, Campaign, Cap, Caps, Cashback, Rate
from points_mall.ledger import posting
from points_mall.ledger.models import LedgerEntry, PendingEarning, PointsAccount, PointsLot
from tests.builders import shanghai

from .conftest import (
    MORNING,
    award_rows,
    awarded,
    buys,
    enrol,
    entries_of,
    in_force,
    terms,
)

DAY = timedelta(days=1)


def balances(member: int) -> tuple[int, int]:
    """What the member can spend, and what waits."""
    db.session.rollback()
    row = db.session.scalars(sa.select(PointsAccount).filter_by(member_id=member)).one_or_none()
    return (row.available, row.pending) if row else (0, 0)


# ------------------------------------------------------------------ once, and with its reason


def test_a_purchase_is_awarded_by_the_rule_in_force(member: int) -> None:
    in_force(terms(cashback=Cashback(100, 500)))
    (earned,) = awarded(buys(member, 1, 2190))
    assert (earned.points, earned.cashback_fen, earned.rule_version) == (21, 21, 1)
    assert entries_of(member) == [("purchase", "purchase:till:1", 21)]
    assert award_rows() == [("purchase:till:1", 21, 1)]


def test_a_repeat_answers_with_the_first_award(member: int) -> None:
    in_force(terms())
    first = awarded(buys(member, 1, 2190))
    in_force(terms(Rate(5, 100)))
    assert awarded(buys(member, 1, 2190)) == first
    assert awarded(buys(member, 1, 9900), buys(member, 1, 9900)) == first * 2
    assert entries_of(member) == [("purchase", "purchase:till:1", 21)]
    assert award_rows() == [("purchase:till:1", 21, 1)]


def test_the_same_purchase_twice_in_one_batch_is_awarded_once(member: int) -> None:
    in_force(terms())
    answers = awarded(buys(member, 1, 500), buys(member, 2, 700), buys(member, 1, 900))
    assert [earned.points for earned in answers] == [5, 7, 5]
    assert award_rows() == [("purchase:till:1", 5, 1), ("purchase:till:2", 7, 1)]


def test_a_purchase_that_earns_nothing_leaves_its_reason(member: int) -> None:
    in_force(terms(minimum_fen=1000))
    (earned,) = awarded(buys(member, 1, 999))
    assert (earned.points, earned.explanation["outcome"]) == (0, "below_minimum")
    assert entries_of(member) == []
    assert award_rows() == [("purchase:till:1", 0, 1)]
    assert awarded(buys(member, 1, 999)) == [earned]


def test_without_a_rule_nothing_is_earned_and_a_later_rule_changes_nothing(member: int) -> None:
    (earned,) = awarded(buys(member, 1, 2190))
    assert (earned.points, earned.rule_version) == (0, None)
    assert earned.explanation == {
        "rule": "earning",
        "source": "till",
        "day": "2026-11-21",
        "tier_multiplier_bp": 10_000,
        "is_first": False,
        "is_birthday_month": False,
        "version": None,
        "outcome": "no_rule",
        "lines": [{"category": "food", "amount_fen": 2190, "points": 0}],
        "points": 0,
    }
    in_force(terms())
    assert awarded(buys(member, 1, 2190)) == [earned]
    assert entries_of(member) == []


def test_the_entry_explains_itself_as_the_award_does(member: int) -> None:
    in_force(terms())
    (earned,) = awarded(buys(member, 1, 2190))
    explanation = db.session.scalars(sa.select(LedgerEntry.explanation)).one()
    assert explanation == earned.explanation
    assert awards.award_of("purchase:till:1").explanation == earned.explanation


def test_what_was_not_judged_cannot_be_explained(shop: Flask) -> None:
    with pytest.raises(NoSuchAward):
        awards.award_of("purchase:till:404")


def test_nothing_to_award_is_nothing(shop: Flask) -> None:
    assert awarded() == []
    assert quote([]) == []


def test_an_award_that_is_rolled_back_leaves_nothing(member: int) -> None:
    in_force(terms())

    def fail_after_the_award() -> None:
        with transaction():
            award([buys(member, 1, 2190)])
            raise RuntimeError("the purchase fails")

    with pytest.raises(RuntimeError, match="fails"):
        fail_after_the_award()
    assert award_rows() == []
    assert entries_of(member) == []


def test_awards_are_never_changed(member: int) -> None:
    in_force(terms())
    awarded(buys(member, 1, 2190))
    for statement in ("UPDATE earning_award SET points = 9", "DELETE FROM earning_award"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            db.session.execute(sa.text(statement))
        db.session.rollback()
    assert award_rows() == [("purchase:till:1", 21, 1)]


# ------------------------------------------------------------------ the moment of the purchase


def test_the_rule_and_the_day_are_those_of_the_purchase_however_late_it_comes(member: int) -> None:
    in_force(terms(campaigns=(Campaign("saturday", "周六双倍", 20_000, weekdays=(6,)),)))
    in_force(terms(Rate(9, 100)), MORNING + DAY)
    clock.set(MORNING + 3 * DAY)
    late = shanghai("2026-11-21 23:59")
    assert [one.points for one in awarded(buys(member, 1, 1000, occurred_at=late))] == [20]
    row = awards.award_of("purchase:till:1")
    assert (row.day, row.rule_version, row.occurred_at) == (date(2026, 11, 21), 1, late)


def test_points_live_from_the_purchase_on(member: int) -> None:
    in_force(terms())
    clock.set(MORNING + 3 * DAY)
    awarded(buys(member, 1, 1000, occurred_at=MORNING))
    expires_at = db.session.scalars(sa.select(PointsLot.expires_at)).one()
    assert expires_at == shanghai("2027-11-22 00:00")


class TestMaturity:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"PURCHASE_POINTS_MATURE_DAYS": 7}

    def test_points_wait_for_the_end_of_the_after_sale_days(self, member: int) -> None:
        in_force(terms())
        awarded(buys(member, 1, 1000))
        assert balances(member) == (0, 10)
        assert entries_of(member) == []
        matures_at = db.session.scalars(sa.select(PendingEarning.matures_at)).one()
        assert matures_at == shanghai("2026-11-28 10:00")

    def test_points_of_an_old_purchase_count_at_once(self, member: int) -> None:
        in_force(terms())
        clock.set(MORNING + 7 * DAY)
        awarded(buys(member, 1, 1000, occurred_at=MORNING))
        assert balances(member) == (10, 0)


# ------------------------------------------------------------------ caps


def test_a_day_and_a_month_are_the_shops(member: int) -> None:
    in_force(terms(caps=Caps(day=Cap(15), month=Cap(25))), shanghai("2026-11-21 00:00"))
    moments = ["2026-11-29 23:59", "2026-11-29 00:00", "2026-11-30 00:00", "2026-12-01 00:00"]
    answers = [
        awarded(buys(member, number, 1000, occurred_at=shanghai(moment)))[0].points
        for number, moment in enumerate(moments)
    ]
    assert answers == [10, 5, 10, 10]
    late = awarded(buys(member, 9, 1000, occurred_at=shanghai("2026-11-28 12:00")))
    assert (late[0].points, late[0].explanation["outcome"]) == (0, "capped")


def test_caps_hold_within_a_batch_and_for_each_member_alone(shop: Flask) -> None:
    anna, bert = enrol(2)
    in_force(terms(caps=Caps(day=Cap(15))))
    answers = awarded(
        buys(anna, 1, 1000), buys(bert, 2, 1000), buys(anna, 3, 1000), buys(anna, 4, 1000)
    )
    assert [earned.points for earned in answers] == [10, 10, 5, 0]


def test_beyond_a_cap_that_rejects_a_smaller_purchase_still_counts(member: int) -> None:
    in_force(terms(caps=Caps(day=Cap(15, REJECT))))
    answers = awarded(buys(member, 1, 1000), buys(member, 2, 600), buys(member, 3, 500))
    assert [(one.points, one.explanation["outcome"]) for one in answers] == [
        (10, "earned"),
        (0, "rejected"),
        (5, "earned"),
    ]


def test_a_refund_gives_no_room_back(member: int) -> None:
    in_force(terms(caps=Caps(day=Cap(15))))
    awarded(buys(member, 1, 1500))
    with transaction():
        posting.reverse(
            member,
            reason=PURCHASE,
            reference="purchase:till:1",
            refunded=1500,
            paid=1500,
            by="refund:till:1",
        )
    assert [one.points for one in awarded(buys(member, 2, 1500))] == [0]
    assert balances(member) == (0, 0)


def test_in_a_crowd_caps_are_never_exceeded_and_nothing_is_awarded_twice(shop: Flask) -> None:
    members = enrol(3)
    in_force(terms(caps=Caps(day=Cap(50))))
    deal = random.Random(5)
    purchases = [buys(deal.choice(members), number, 700) for number in range(24)]
    batches = [deal.sample(purchases, 6) for _ in range(8)]
    start, points, failures = threading.Barrier(8), list[tuple[str, int]](), list[Any]()

    def serve(place: int) -> None:
        with shop.app_context():
            start.wait()
            try:
                answers = awarded(*batches[place])
            except Exception as failure:  # noqa: BLE001 - told to the test
                failures.append(failure)
                return
            told = zip(batches[place], answers, strict=True)
            points.extend((one.reference, earned.points) for one, earned in told)

    threads = [threading.Thread(target=serve, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    recorded = {reference: given for reference, given, _ in award_rows()}
    assert set(points) == set(recorded.items())
    for member in members:
        mine = {one.reference for one in purchases if one.member_id == member} & set(recorded)
        assert sum(recorded[reference] for reference in mine) == min(50, 7 * len(mine))
        assert sum(points for _, _, points in entries_of(member)) == min(50, 7 * len(mine))
    assert list(audit.findings(db.session())) == []


# ------------------------------------------------------------------ quotes


def test_a_quote_is_what_the_award_will_be_and_writes_nothing(member: int) -> None:
    in_force(terms(caps=Caps(day=Cap(15)), cashback=Cashback(100, 500)))
    asked = [buys(member, 1, 1000), buys(member, 2, 1000)]
    quoted = quote(asked)
    assert [earned.points for earned in quoted] == [10, 5]
    assert award_rows() == []
    assert entries_of(member) == []
    assert awarded(*asked) == quoted
    assert quote(asked) == quoted


def test_a_quote_as_of_a_moment_takes_its_rule_its_campaigns_and_its_caps(member: int) -> None:
    sunday = MORNING + DAY
    in_force(terms(caps=Caps(day=Cap(12))))
    rule = terms(
        caps=Caps(day=Cap(12)), campaigns=(Campaign("sunday", "周日", 15_000, weekdays=(7,)),)
    )
    in_force(rule, sunday)
    awarded(buys(member, 1, 1000))
    asked = buys(member, 2, 600)
    assert [one.points for one in quote([asked])] == [2]
    (then,) = quote([asked], as_of=sunday)
    assert (then.points, then.rule_version, then.explanation["day"]) == (9, 2, "2026-11-22")
    assert quote([asked], as_of=MORNING - DAY)[0].explanation["outcome"] == "no_rule"


def test_a_quote_under_a_draft_judges_an_awarded_purchase_anew(member: int) -> None:
    in_force(terms(caps=Caps(day=Cap(15))))
    awarded(buys(member, 1, 1000))
    draft = terms(Rate(2, 100), caps=Caps(day=Cap(15)))
    (earned,) = quote([buys(member, 1, 1000)], terms=draft)
    assert (earned.points, earned.rule_version) == (15, None)
    assert award_rows() == [("purchase:till:1", 10, 1)]


# ------------------------------------------------------------------ in bulk, and for the member


def test_the_number_of_statements_does_not_depend_on_the_number_of_purchases(shop: Flask) -> None:
    members = enrol(60)
    in_force(terms(caps=Caps(day=Cap(500), month=Cap(5000))))
    for member in members:  # their accounts are opened
        awarded(buys(member, 1000 + member, 100))
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    counts = []
    for number, group in enumerate((members[:1], members)):
        seen.clear()
        awarded(*(buys(member, 2000 + 100 * number + member, 990) for member in group))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[1] <= 20


def test_the_export_tells_what_each_purchase_earned(member: int) -> None:
    in_force(terms())
    (earned,) = awarded(buys(member, 1, 2190))
    assert export_awards(member) == [
        {
            "reference": "purchase:till:1",
            "occurred_at": "2026-11-21T10:00:00+08:00",
            "points": 21,
            "cashback_fen": 0,
            "rule_version": 1,
            "explanation": earned.explanation,
        }
    ]
    assert export_awards(member + 1) == []


def test_the_database_refuses_a_second_award_for_a_purchase(member: int) -> None:
    in_force(terms())
    (earned,) = awarded(buys(member, 1, 2190))
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        awards.write(session, [(buys(member, 1, 2190), earned)])
    assert award_rows() == [("purchase:till:1", 21, 1)]
