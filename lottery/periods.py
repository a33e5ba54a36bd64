"""The days of a wheel: a seed is promised before the first draw, and published when the day is over.

A seed lives in the database alone, sealed for its row until it is published. It is never logged and
never told before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, to_day, today
from miniprogram_api.core.crypto import seal, unseal
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.settings import settings

from . import fairness
from .models import FairnessPeriod, Wheel
from .sealing import GENESIS

_EXTENSION = "lottery.periods"
_MOST_KNOWN = 10_000
_BATCH = 100

periods = cast(sa.Table, FairnessPeriod.__table__)
wheels = cast(sa.Table, Wheel.__table__)

_LOCK = (
    sa.select(periods)
    .where(among(periods.c.wheel_id, "wheels"), periods.c.day == sa.bindparam("day", type_=sa.Date))
    .order_by(periods.c.id)
    .with_for_update()
)


@dataclass
class OpenPeriod:
    """A day of a wheel whose row is locked, ready to number draws.

    The seed shows in no representation: one might end in a log.
    """

    id: int
    wheel_id: int
    day: date
    commitment: str
    next_index: int
    last_hash: str
    is_revealed: bool
    sealed: str | None

    def __repr__(self) -> str:
        return f"OpenPeriod(wheel {self.wheel_id}, {self.day})"

    @cached_property
    def seed(self) -> bytes:
        """The seed in clear."""
        return unsealed(self.wheel_id, self.day, self.sealed or "")


def ensure(wheel_ids: Iterable[int], day: date) -> None:
    """Promise a seed for that day of each wheel, where none is promised yet.

    It is committed by itself, so that a promise is public before the first draw under it.
    """
    known: set[tuple[int, date]] = current_app.extensions.setdefault(_EXTENSION, set())
    missing = sorted({wheel_id for wheel_id in wheel_ids if (wheel_id, day) not in known})
    if not missing:
        return
    promise(missing, day)
    if len(known) > _MOST_KNOWN:
        known.clear()
    known.update((wheel_id, day) for wheel_id in missing)


@retrying
def promise(wheel_ids: Iterable[int], day: date) -> None:
    """The same, asking the database."""
    wanted = sorted(set(wheel_ids))
    with transaction() as session:
        promised = session.scalars(
            sa.select(FairnessPeriod.wheel_id).where(
                FairnessPeriod.wheel_id.in_(wanted), FairnessPeriod.day == day
            )
        ).all()
        lacking = [wheel_id for wheel_id in wanted if wheel_id not in promised]
        bulk.insert_missing(session, periods, [_fresh(wheel_id, day) for wheel_id in lacking])


def _fresh(wheel_id: int, day: date) -> dict[str, Any]:
    seed = fairness.new_seed()
    return {
        "wheel_id": wheel_id,
        "day": day,
        "commitment": fairness.commitment(seed),
        "seed_sealed": seal(seed.hex(), _place(wheel_id, day)),
        "next_index": 1,
        "last_hash": GENESIS,
        "committed_at": now(),
    }


def lock(session: Session, wheel_ids: Iterable[int], day: date) -> dict[int, OpenPeriod]:
    """Lock that day of each wheel, in one statement, until the transaction ends."""
    rows = session.execute(_LOCK, {"wheels": sorted(set(wheel_ids)), "day": day})
    return {
        row.wheel_id: OpenPeriod(
            id=row.id,
            wheel_id=row.wheel_id,
            day=row.day,
            commitment=row.commitment,
            next_index=row.next_index,
            last_hash=row.last_hash,
            is_revealed=row.revealed_at is not None,
            sealed=row.seed_sealed,
        )
        for row in rows
    }


def save(session: Session, opened: Iterable[OpenPeriod]) -> None:
    """Write down how far the numbers have come."""
    rows = [
        {"id": one.id, "next_index": one.next_index, "last_hash": one.last_hash} for one in opened
    ]
    bulk.update(session, periods, rows)


def unsealed(wheel_id: int, day: date, sealed: str) -> bytes:
    """A seed that is not published yet, in clear; for the draw, the reveal and the audit alone.

    :raises Undecipherable: it was sealed for another row, or its key is gone.
    """
    return bytes.fromhex(unseal(sealed, _place(wheel_id, day)))


def promise_ahead() -> int:
    """Promise the seeds of today and tomorrow for every wheel that will be drawn; answer how many."""
    alive = sa.select(wheels.c.id).where(
        wheels.c.closed_at.is_(None),
        sa.or_(wheels.c.closes_at.is_(None), wheels.c.closes_at > now()),
    )
    wheel_ids = list(db.session.scalars(alive))
    db.session.rollback()
    for day in (today(), today() + timedelta(days=1)):
        ensure(wheel_ids, day)
    return len(wheel_ids)


def reveal_due() -> int:
    """Publish the seeds of the days that are over; answer how many.

    A few minutes after midnight: a draw that began before it may still be under way, and waits for
    nothing but its own lock; whoever finds the seed published draws on the next day.
    """
    margin = timedelta(minutes=settings().lottery_reveal_after_minutes)
    done = 0
    while found := _reveal_some(to_day(now() - margin)):
        done += found
    return done


@retrying
def _reveal_some(before: date) -> int:
    with transaction() as session:
        due = session.scalars(
            sa.select(FairnessPeriod)
            .where(FairnessPeriod.revealed_at.is_(None), FairnessPeriod.day < before)
            .order_by(FairnessPeriod.id)
            .limit(_BATCH)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        for period in due:
            _reveal(period, now())
        return len(due)


def _reveal(period: FairnessPeriod, moment: datetime) -> None:
    seed = unsealed(period.wheel_id, period.day, period.seed_sealed or "")
    period.seed_hex, period.seed_sealed, period.revealed_at = seed.hex(), None, moment


def lock_today(wheel_id: int) -> None:
    """Wait for draws that are under way, in the caller's transaction, and keep others waiting.

    Whoever changes a wheel does it between two draws, and every draw knows which version it had.
    """
    lock(current_transaction(), [wheel_id], today())


def _place(wheel_id: int, day: date) -> str:
    return f"fairness_period.seed:{wheel_id}:{day.isoformat()}"
