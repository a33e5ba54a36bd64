"""Plans: drops made ahead in numbered stock, called off, closed; what cannot be kept is refused."""

from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, in_shop_time, now
from miniprogram_api.core.db import db
from points_mall.coupon_drops import plans
from points_mall.coupon_drops.errors import NoSuchPlan, PlanClosed, PlanNotValid
from points_mall.coupon_drops.models import CouponDropPlan
from points_mall.coupon_drops.plans import PlanTerms
from points_mall.coupon_drops.schedule import Schedule
from points_mall.coupons.errors import NoSuchTemplate
from points_mall.coupons.terms import Audience
from points_mall.coupons.validity import Span, Validity
from points_mall.stock import audit, preparing
from points_mall.stock.models import StockUnit
from points_mall.stock.pools import pool_of
from tests.builders import shanghai
from tests.evidence import database_fingerprint
from tests.points_mall.coupon_drops.conftest import drops_of, free_units, planned, template

DAILY = Schedule(times=(time(10), time(20)))


@pytest.fixture(autouse=True)
def _at_nine(app: Flask) -> None:
    clock.set(shanghai("2026-11-21 09:00"))
    template()


def opening_times(plan_id: int) -> list[str]:
    return [in_shop_time(drop.opens_at).strftime("%d %H:%M") for drop in drops_of(plan_id)]


def test_a_plan_has_its_next_six_drops_at_once(app: Flask) -> None:
    plan_id = planned(schedule=DAILY, lasts_minutes=60, stock=7)
    assert opening_times(plan_id) == [
        "21 10:00",
        "21 20:00",
        "22 10:00",
        "22 20:00",
        "23 10:00",
        "23 20:00",
    ]
    first = drops_of(plan_id)[0]
    assert first.closes_at - first.opens_at == timedelta(hours=1)
    pool = pool_of(first.pool_id, fresh=True)
    assert (pool.code, pool.allowance) == (f"coupon_drop:{plan_id}:20261121T0200Z", 1)
    assert (pool.opens_at, pool.closes_at) == (first.opens_at, first.closes_at)
    assert free_units(first.pool_id) == 7


def test_more_are_made_as_time_goes_by_and_none_twice(app: Flask) -> None:
    plan_id = planned()
    assert opening_times(plan_id)[-1] == "21 09:30"
    assert plans.make_ahead() == 0
    clock.set(shanghai("2026-11-21 09:05"))
    assert plans.make_ahead() == 1
    assert opening_times(plan_id)[-1] == "21 09:35"
    assert plans.make_ahead() == 0


def test_what_passed_while_nobody_worked_is_not_made(app: Flask) -> None:
    plan_id = planned()
    clock.set(shanghai("2026-11-21 15:02"))
    assert plans.make_ahead() == 6
    assert opening_times(plan_id)[6:] == [
        "21 15:05",
        "21 15:10",
        "21 15:15",
        "21 15:20",
        "21 15:25",
        "21 15:30",
    ]


def test_a_plan_that_opens_once_has_one_drop(app: Flask) -> None:
    once = Schedule(opens_at=shanghai("2026-11-21 12:00"))
    plan_id = planned(schedule=once, lasts_minutes=30)
    assert opening_times(plan_id) == ["21 12:00"]
    clock.set(shanghai("2026-11-21 12:10"))
    assert plans.make_ahead() == 0


def test_a_plan_ends_on_its_last_day(app: Flask) -> None:
    two_days = Schedule(times=(time(10),), last_on=date(2026, 11, 22))
    plan_id = planned(schedule=two_days)
    assert opening_times(plan_id) == ["21 10:00", "22 10:00"]


def test_a_drop_is_in_redis_five_minutes_ahead(app: Flask) -> None:
    plan_id = planned(schedule=DAILY, lasts_minutes=60)
    first, second, *_ = drops_of(plan_id)
    clock.set(shanghai("2026-11-21 09:56"))
    assert preparing.load_ahead() == 1
    assert audit.loaded_of(pool_of(first.pool_id, fresh=True)) is not None
    assert audit.loaded_of(pool_of(second.pool_id, fresh=True)) is None


def test_closing_ends_what_runs_and_calls_off_the_rest(app: Flask) -> None:
    plan_id = planned()
    clock.set(shanghai("2026-11-21 09:06"))
    plans.close(plan_id)
    first, *rest = drops_of(plan_id)
    assert (first.closes_at, first.called_off_at) == (now(), None)
    assert {drop.called_off_at for drop in rest} == {now()}
    assert {pool_of(drop.pool_id, fresh=True).closes_at for drop in (first, *rest)} == {now()}
    assert plans.make_ahead() == 0
    with pytest.raises(PlanClosed):
        plans.close(plan_id)
    with pytest.raises(NoSuchPlan):
        plans.close(999)


def test_titles_are_those_of_the_coupon_unless_the_plan_has_its_own(app: Flask) -> None:
    planned()
    planned(title_zh="整点抢", title_en="On the hour")
    rows = db.session.scalars(sa.select(CouponDropPlan).order_by(CouponDropPlan.id)).all()
    assert [(row.title_zh, row.title_en) for row in rows] == [
        ("五元券", "Five yuan"),
        ("整点抢", "On the hour"),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"stock": 0}, "stock is 1 to 100000"),
        ({"stock": 100_001}, "stock is 1 to 100000"),
        ({"stock": 4000}, "at most 1000000 coupons a day"),
        ({"allowance": 4}, "allowance is 1 to the stock"),
        ({"lasts_minutes": 6}, "lasts_minutes: 1 to 5, so that no two drops overlap"),
        (
            {"schedule": Schedule(opens_at=shanghai("2026-11-21 08:59"))},
            "it would never open",
        ),
        (
            {"schedule": Schedule(times=(time(10),), last_on=date(2026, 11, 20))},
            "it would never open",
        ),
        ({"code": "named"}, "named is for named members: nobody could claim it"),
        ({"code": "past"}, "past is over"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(
    app: Flask, changes: dict[str, Any], sentence: str
) -> None:
    template("named", audience=Audience(named_only=True))
    past = date(2026, 11, 20)
    template("past", validity=Validity(Span.DATES, past, past))
    before = database_fingerprint()
    with pytest.raises(PlanNotValid) as refused:
        planned(**changes)
    assert str(refused.value) == sentence
    assert database_fingerprint() == before


def test_a_coupon_that_there_is_not_cannot_be_dropped(app: Flask) -> None:
    terms = PlanTerms("nosuch", DAILY, 3, 60)
    with pytest.raises(NoSuchTemplate):
        plans.create(terms, actor="test")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StockUnit)) == 0
    db.session.rollback()
