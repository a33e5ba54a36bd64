"""The merchant's verbs: make a wheel, change it, close it. Each is one whole transaction.

A running wheel is never edited: a change is a new version, for later draws. The row of the wheel's
day is locked meanwhile, so every draw is made under one version whole.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import current_transaction, retrying, transaction
from points_mall.grants.kinds import check_reward
from points_mall.grants.rewards import Reward
from points_mall.stock import pools
from points_mall.stock.models import StockUnit

from . import periods, sealing
from .errors import NoSuchWheel, WheelClosed
from .models import Wheel, WheelPrize, WheelVersion
from .terms import OWN_KINDS, PrizeTerms, WheelTerms, check_terms


@retrying
def create(terms: WheelTerms, *, actor: str = "system") -> int:
    """Make a wheel, with its first version and the units of its prizes; answer its id.

    The seed of today is promised with it.

    :raises WheelNotValid: it cannot be drawn from so.
    :raises WeightsNotValid: the weights make no wheel.
    :raises PrizeAboveLegalCap: a prize is worth more than the law allows.
    :raises RewardNotAllowed: nobody gives one of its kinds, or not so much.
    """
    _check(terms)
    with transaction() as session:
        wheel = Wheel(
            title=terms.title,
            opens_at=terms.opens_at,
            closes_at=terms.closes_at,
            version=1,
            created_at=now(),
        )
        session.add(wheel)
        session.flush()  # its version and its pools are named after its id
        _write_version(session, wheel.id, terms, actor, None)
        periods.promise([wheel.id], today())
        return wheel.id


@retrying
def change(wheel_id: int, terms: WheelTerms, *, actor: str = "system") -> int:
    """Let a wheel be drawn under other terms from now on; answer the number of its new version.

    A prize keeps its units where its code stays the same; `stock` then is how many there are in all.

    :raises NoSuchWheel: there is none.
    :raises WheelClosed: it was closed for good.
    :raises NotEnoughFree: won units are never taken away.
    :raises WheelNotValid: and its like, as for `create`.
    """
    _check(terms)
    with transaction() as session:
        wheel = _locked(wheel_id)
        if wheel.closed_at is not None:
            raise WheelClosed(f"wheel {wheel_id} was closed")
        periods.promise([wheel_id], today())
        periods.lock_today(wheel_id)
        before = session.scalars(
            sa.select(WheelVersion).filter_by(wheel_id=wheel_id, version=wheel.version)
        ).one()
        wheel.version = _write_version(session, wheel_id, terms, actor, before)
        wheel.title, wheel.opens_at, wheel.closes_at = terms.title, terms.opens_at, terms.closes_at
        return wheel.version


@retrying
def close(wheel_id: int) -> None:
    """Close a wheel for good, before its time; what was drawn stays, and is proven like the rest.

    :raises NoSuchWheel: there is none.
    """
    with transaction():
        wheel = _locked(wheel_id)
        periods.lock_today(wheel_id)
        wheel.closed_at = wheel.closed_at or now()


def _check(terms: WheelTerms) -> None:
    check_terms(terms)
    for prize in terms.prizes:
        if prize.kind not in OWN_KINDS:
            check_reward(Reward(prize.kind, prize.amount, prize.item, prize.expires_days))


def _locked(wheel_id: int) -> Wheel:
    wheel = current_transaction().get(Wheel, wheel_id, with_for_update=True, populate_existing=True)
    if wheel is None:
        raise NoSuchWheel(f"no wheel {wheel_id}")
    return wheel


def _write_version(
    session: Session, wheel_id: int, terms: WheelTerms, actor: str, before: WheelVersion | None
) -> int:
    """Write the version that comes after `before`, or the first one; answer its number."""
    number = before.version + 1 if before else 1
    prev_hash = before.hash if before else sealing.GENESIS
    facts = asdict(terms)
    del facts["prizes"]
    facts |= {"wheel_id": wheel_id, "version": number, "effective_at": now(), "actor": actor}
    prizes = [_prize_facts(session, wheel_id, place, terms) for place in range(len(terms.prizes))]
    sealed = sealing.version_hash(facts, prizes, prev_hash)
    version = WheelVersion(**facts, prev_hash=prev_hash, hash=sealed)
    session.add(version)
    session.flush()  # its prizes need its id
    session.add_all(WheelPrize(version_id=version.id, **prize) for prize in prizes)
    return number


def _prize_facts(session: Session, wheel_id: int, place: int, terms: WheelTerms) -> dict[str, Any]:
    prize, code = terms.prizes[place], terms.code_of(place)
    facts: Mapping[str, Any] = asdict(prize)
    return {
        **{name: facts[name] for name in sealing.PRIZE_FACTS if name in facts},
        "position": place + 1,
        "code": code,
        "pool_id": _pool_of(session, wheel_id, code, prize),
    }


def _pool_of(session: Session, wheel_id: int, code: str, prize: PrizeTerms) -> int | None:
    """The pool of a limited prize, with as many units as it says; None: it is not limited."""
    if prize.stock is None:
        return None
    name = pool_code(wheel_id, code)
    pool_id = session.scalar(sa.select(pools.pools.c.id).where(pools.pools.c.code == name))
    if pool_id is None:
        return pools.publish(name, prize.stock)
    pools.locked(pool_id)
    have = session.scalar(sa.select(sa.func.count()).where(StockUnit.pool_id == pool_id)) or 0
    if prize.stock > have:
        pools.raise_by(pool_id, prize.stock - have)
    elif prize.stock < have:
        pools.lower_by(pool_id, have - prize.stock)
    return int(pool_id)


def pool_code(wheel_id: int, code: str) -> str:
    """What the pool of a prize is called."""
    return f"wheel:{wheel_id}:{code}"
