"""A drop of a few coupons, members, and short names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from points_mall.coupon_drops import audit, drops, plans, shown
from points_mall.coupon_drops.models import CouponDrop, CouponDropPlan
from points_mall.coupon_drops.plans import PlanTerms
from points_mall.coupon_drops.schedule import Schedule
from points_mall.coupons import audit as coupons_audit
from points_mall.coupons.models import Coupon
from points_mall.coupons.templates import Draft, publish, template_with
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.ledger import audit as ledger_audit
from points_mall.stock import audit as stock_audit
from points_mall.stock import pools, remaining, sold_out
from points_mall.stock.models import StockUnit
from tests.builders import bearer, enrolled_member

HOUR = timedelta(hours=1)
CASH = CouponTerms(Kind.CASH, Validity(Span.DAYS, days=30), amount_fen=500)


@pytest.fixture
def app_settings() -> dict[str, object]:
    """No pace and no memory of sold-out pools: the tests of these set their own."""
    return {"CLAIM_BURST": 0, "SOLD_OUT_MEMORY_SECONDS": 0.0}


@pytest.fixture
def all_is_right(app: Flask) -> Iterator[None]:
    """At the end, coupons, units, Redis and accounts agree."""
    yield
    assert_books_are_clean()


def assert_books_are_clean() -> None:
    db.session.rollback()
    assert [str(one) for one in audit.findings()] == []
    assert [str(one) for one in coupons_audit.findings()] == []
    assert [str(one) for one in ledger_audit.findings(db.session())] == []
    assert [str(one) for one in stock_audit.differences()] == []


def look_again() -> None:
    """As if a second had passed: what this process keeps is read anew."""
    pools.forget_cached()
    sold_out.forget_all()
    remaining.forget_cached()
    drops.forget_cached()
    shown.forget_cached()


def template(code: str = "five", **changes: Any) -> str:
    """A published coupon of five yuan, unless told otherwise."""
    publish(Draft(code, "五元券", "Five yuan", replace(CASH, **changes)), actor="test")
    return code


def planned(code: str = "five", stock: int = 3, **changes: Any) -> int:
    """A plan that opens each five minutes for four, unless told otherwise."""
    schedule = changes.pop("schedule", Schedule(every_minutes=5))
    terms = PlanTerms(code, schedule, stock, changes.pop("lasts_minutes", 4), **changes)
    return plans.create(terms, actor="test")


@dataclass(frozen=True)
class Held:
    """A drop that is there."""

    id: int
    pool_id: int


def drops_of(plan_id: int) -> list[CouponDrop]:
    """The drops of a plan, in order, as they are stored now."""
    db.session.rollback()
    db.session.expire_all()
    query = sa.select(CouponDrop).filter_by(plan_id=plan_id).order_by(CouponDrop.opens_at)
    return list(db.session.scalars(query))


def running(code: str = "five", stock: int = 3, **changes: Any) -> Held:
    """A drop that is open since a minute ago, by the clock of Redis too."""
    plan = CouponDropPlan(
        template_id=_template_id(code),
        title_zh="整点抢券",
        title_en="On the hour",
        schedule={"opens_at": now().isoformat()},
        lasts_minutes=60,
        stock=stock,
        allowance=changes.pop("allowance", 1),
        created_at=now(),
        created_by="test",
    )
    return opened(plan, changes.pop("opens_at", now() - timedelta(minutes=1)))


def opened(plan: CouponDropPlan, opens_at: datetime) -> Held:
    """A drop of a plan, whenever that is."""
    with transaction() as session:
        session.add(plan)
        session.flush()
        plans._open(plan, opens_at)
    [drop] = drops_of(plan.id)
    held = Held(drop.id, drop.pool_id)
    db.session.rollback()
    return held


def _template_id(code: str) -> int:
    return template_with(code).id


@dataclass
class Shopper:
    """A member at the phone."""

    client: FlaskClient
    member_id: int
    headers: dict[str, str]
    tries: int = 0

    def claim(self, drop: Held, key: str | None = None, **request: Any) -> Any:
        self.tries += 1
        headers = {"Idempotency-Key": key or f"claim-{self.member_id}-{self.tries}"}
        return self.client.post(
            f"/api/v1/coupon-drops/{drop.id}/claims",
            headers={**self.headers, **headers, **request.pop("headers", {})},
            **request,
        )


def shoppers(client: FlaskClient, count: int) -> list[Shopper]:
    ids = [enrolled_member(f"oShopper-number-{number:08d}") for number in range(count)]
    return [Shopper(client, member_id, bearer(member_id)) for member_id in ids]


def outcome(answers: Sequence[Any]) -> list[Any]:
    """The code of each refusal, `won` for each coupon."""
    return ["won" if answer.status_code == 201 else answer.get_json()["code"] for answer in answers]


def coupons() -> list[Coupon]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Coupon).order_by(Coupon.id)))


def free_units(pool_id: int) -> int:
    db.session.rollback()
    query = (
        sa.select(sa.func.count()).select_from(StockUnit).filter_by(pool_id=pool_id, holder=None)
    )
    return db.session.scalar(query) or 0
