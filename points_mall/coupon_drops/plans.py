"""The merchant's hand: publish and close plans; and the drops that each plan has made ahead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from miniprogram_api.core.clock import now, shop_zone, today
from miniprogram_api.core.db import after_commit, current_transaction, db, retrying, transaction
from points_mall.coupons.templates import Template, template_with
from points_mall.stock import pools, preparing, rebuilding

from . import drops
from .errors import NoSuchPlan, PlanClosed, PlanNotValid
from .models import CouponDrop, CouponDropPlan
from .schedule import Schedule, schedule_from_json

AHEAD = 6
"""How many drops of a plan that have not opened yet are there at any time."""

MOST_STOCK, MOST_A_DAY = 100_000, 1_000_000
MOST_TITLE = 64


@dataclass(frozen=True)
class PlanTerms:
    """A plan as the merchant writes it down; titles default to those of the coupon."""

    template: str
    schedule: Schedule
    stock: int
    lasts_minutes: int
    allowance: int = 1
    title_zh: str = ""
    title_en: str = ""


@retrying
def create(terms: PlanTerms, *, actor: str) -> int:
    """Publish a plan with its first drops; answer its id.

    :raises NoSuchTemplate: there is no such coupon.
    :raises PlanNotValid: it cannot be kept like that.
    """
    with transaction() as session:
        template = template_with(terms.template)
        for objection in objections(terms, template, now()):
            raise PlanNotValid(objection)
        plan = CouponDropPlan(
            template_id=template.id,
            title_zh=terms.title_zh or template.title_zh,
            title_en=terms.title_en or template.title_en,
            schedule=terms.schedule.as_json(),
            lasts_minutes=terms.lasts_minutes,
            stock=terms.stock,
            allowance=terms.allowance,
            created_at=now(),
            created_by=actor,
        )
        session.add(plan)
        session.flush()  # its drops are named after its id
        _make(plan)
        return plan.id


def objections(terms: PlanTerms, template: Template, moment: datetime) -> Iterator[str]:
    """Why a plan cannot be kept from a moment on."""
    yield from terms.schedule.objections(terms.lasts_minutes)
    if not 1 <= terms.stock <= MOST_STOCK:
        yield f"stock is 1 to {MOST_STOCK}"
    elif terms.stock * terms.schedule.openings_a_day() > MOST_A_DAY:
        yield f"at most {MOST_A_DAY} coupons a day"
    if not 1 <= terms.allowance <= terms.stock:
        yield "allowance is 1 to the stock"
    if template.terms.audience.named_only:
        yield f"{template.code} is for named members: nobody could claim it"
    if template.terms.validity.is_over(today()):
        yield f"{template.code} is over"
    if next(terms.schedule.openings(moment, shop_zone()), None) is None:
        yield "it would never open"


@retrying
def close(plan_id: int) -> None:
    """Close a plan now: what runs ends, what has not opened is called off. Coupons that were won stay.

    :raises NoSuchPlan: there is none.
    :raises PlanClosed: it was closed before.
    """
    with transaction() as session:
        plan, moment = _locked(plan_id), now()
        plan.closed_at = moment
        query = sa.select(CouponDrop).where(
            CouponDrop.plan_id == plan_id, CouponDrop.closes_at > moment
        )
        for drop in session.scalars(query.order_by(CouponDrop.pool_id)):
            is_open = drop.opens_at < moment
            if is_open:
                drop.closes_at = moment
            else:
                drop.called_off_at = moment
            opens_at = drop.opens_at if is_open else None
            pools.change(
                drop.pool_id, opens_at=opens_at, closes_at=moment, allowance=plan.allowance
            )
            rebuilding.load_after_commit(drop.pool_id)
        after_commit(drops.forget_cached)


def make_ahead() -> int:
    """See that every plan has its next drops; answer how many were made."""
    db.session.rollback()
    query = sa.select(CouponDropPlan.id).where(CouponDropPlan.closed_at.is_(None))
    return sum(_make_for(plan_id) for plan_id in db.session.scalars(query).all())


@retrying
def _make_for(plan_id: int) -> int:
    with transaction():
        try:
            return _make(_locked(plan_id))
        except PlanClosed:
            return 0  # meanwhile


def _make(plan: CouponDropPlan) -> int:
    """Make what is missing of a plan's next drops; its row is locked, or new."""
    moment = now()
    count, latest = _coming(plan.id, moment)
    schedule = schedule_from_json(plan.schedule)
    coming = schedule.openings(max(latest or moment, moment), shop_zone())
    fresh = list(islice(coming, AHEAD - count)) if count < AHEAD else []
    for opens_at in fresh:
        _open(plan, opens_at)
    return len(fresh)


def _coming(plan_id: int, moment: datetime) -> tuple[int, datetime | None]:
    """How many drops of a plan are still to open, and when the last of them does."""
    opens = sa.select(CouponDrop.opens_at).where(
        CouponDrop.plan_id == plan_id, CouponDrop.opens_at > moment
    )
    found: Sequence[datetime] = current_transaction().scalars(opens).all()
    return len(found), max(found, default=None)


def _open(plan: CouponDropPlan, opens_at: datetime) -> None:
    """One drop with its numbered stock; the pool is named by what it is for."""
    closes_at = opens_at + timedelta(minutes=plan.lasts_minutes)
    pool_id = pools.publish(
        f"{drops.POOL_PREFIX}{plan.id}:{opens_at:%Y%m%dT%H%MZ}",
        plan.stock,
        opens_at=opens_at,
        closes_at=closes_at,
        allowance=plan.allowance,
    )
    drop = CouponDrop(plan_id=plan.id, opens_at=opens_at, closes_at=closes_at, pool_id=pool_id)
    current_transaction().add(drop)
    preparing.load_if_soon(pool_id, opens_at)


def _locked(plan_id: int) -> CouponDropPlan:
    """A plan that is not closed, its row locked."""
    plan = current_transaction().get(
        CouponDropPlan, plan_id, with_for_update=True, populate_existing=True
    )
    if plan is None:
        raise NoSuchPlan(f"no plan {plan_id}")
    if plan.closed_at is not None:
        raise PlanClosed(f"plan {plan_id} was closed")
    return plan
