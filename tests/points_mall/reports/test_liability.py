"""What the shop owes in points, when it expires, and what of it is expected to."""

from datetime import date

import pytest

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from points_mall.ledger import posting
from points_mall.ledger import services as ledger
from points_mall.reports.breakage import Breakage, Cohort, estimate
from points_mall.reports.liability import Liability, Step, expected_breakage, liability

from .conftest import DAY, GIFT, ORDER, START, counted, differences, earn, spend


def filled(steps: list[Step]) -> list[tuple[date | None, int, int | None, bool]]:
    return [(one.month_on, one.points, one.worth_fen, one.is_later) for one in steps if one.points]


def test_what_is_owed_is_told_in_points_money_and_by_month(member: int) -> None:
    earn(member, 1000, "soon", days=5)  # until 26 November
    earn(member, 500, "next month", days=30)  # until 21 December
    earn(member, 250, "within the year", days=300)
    earn(member, 120, "later", days=500)
    earn(member, 80, "for ever")
    spend(member, 300, "o")
    with transaction():
        posting.hold(member, 100, reason=ORDER, reference="h", expires_at=START + DAY)
    counted()
    owed = liability()
    assert owed == Liability(
        outstanding_points=1650,
        worth_fen=1650,  # 100 points to the yuan
        points_per_yuan=100,
        overdue_points=0,
        debt_points=0,
        expiring_points=700,
        expiring_worth_fen=700,
        expiring_days=30,
        ladder=owed.ladder,
    )
    assert len(owed.ladder) == 14
    assert filled(owed.ladder) == [
        (date(2026, 11, 1), 700, 700, False),
        (date(2026, 12, 1), 500, 500, False),
        (date(2027, 9, 1), 250, 250, False),
        (date(2027, 11, 1), 120, 120, True),
        (None, 80, 80, False),
    ]
    assert differences() == []


def test_points_past_their_last_day_are_owed_no_more(member: int) -> None:
    earn(member, 100, "a", days=1)
    clock.set(START + 2 * DAY)
    counted()
    assert (liability().outstanding_points, liability().overdue_points) == (0, 100)
    ledger.expire_points()
    counted()
    assert (liability().outstanding_points, liability().overdue_points) == (0, 0)


def test_a_debt_is_no_part_of_what_is_owed(member: int) -> None:
    earn(member, 100, "a")
    spend(member, 70, "o")
    with transaction():
        posting.reverse(member, reason=GIFT, reference="a", refunded=1, paid=1, by="refund")
    counted()
    assert (liability().outstanding_points, liability().debt_points) == (0, 70)
    earn(member, 90, "b")
    counted()
    assert (liability().outstanding_points, liability().debt_points) == (20, 0)
    assert differences() == []


@pytest.mark.parametrize("app_settings", [{"POINTS_PER_YUAN": 0}])
def test_points_that_pay_no_bills_have_no_price(member: int) -> None:
    earn(member, 100, "a", days=5)
    counted()
    assert (liability().outstanding_points, liability().worth_fen) == (100, None)


JUNE, JULY, MAY = date(2026, 6, 1), date(2026, 7, 1), date(2026, 5, 1)
TODAY = date(2026, 11, 21)


def test_months_that_are_over_tell_how_the_others_will_end() -> None:
    told = estimate(
        [
            Cohort(MAY, date(2026, 8, 3), kept_points=600, expired_points=60, outstanding_points=0),
            Cohort(
                JUNE, date(2026, 9, 1), kept_points=400, expired_points=140, outstanding_points=0
            ),
            Cohort(
                JULY, date(2026, 12, 1), kept_points=2000, expired_points=0, outstanding_points=900
            ),
            Cohort(
                JULY, date(2026, 10, 1), kept_points=500, expired_points=90, outstanding_points=0
            ),
        ],
        TODAY,
    )
    assert told == Breakage(
        rate_bp=2000,  # 200 of 1000
        expected_points=410,  # a fifth of 2500, less the 90 that have expired
        ripe_months=2,
        ripe_kept_points=1000,
        ripe_expired_points=200,
        open_kept_points=2500,
        open_expired_points=90,
        open_outstanding_points=900,
    )


def test_no_more_is_expected_to_expire_than_is_out() -> None:
    told = estimate(
        [
            Cohort(
                JUNE, date(2026, 9, 1), kept_points=100, expired_points=90, outstanding_points=0
            ),
            Cohort(
                JULY, date(2026, 12, 1), kept_points=1000, expired_points=0, outstanding_points=50
            ),
        ],
        TODAY,
    )
    assert (told.rate_bp, told.expected_points) == (9000, 50)


def test_a_young_shop_expects_nothing_because_it_knows_nothing() -> None:
    told = estimate([Cohort(JULY, date(2026, 12, 1), 1000, 0, 50)], TODAY)
    assert (told.rate_bp, told.expected_points, told.ripe_months) == (None, None, 0)


def test_breakage_is_told_from_the_rollup(member: int) -> None:
    earn(member, 100, "a", days=3)
    spend(member, 40, "o")
    clock.set(START + 10 * DAY)  # 1 December
    ledger.expire_points()
    earn(member, 200, "b", days=60)
    counted()
    told = expected_breakage()
    assert (told.ripe_months, told.rate_bp, told.expected_points) == (1, 6000, 120)
    assert differences() == []
