"""Proof: every draw recomputed from what was promised, and everything compared that follows from it.

Reads only. Days that are not published yet are recomputed with the sealed seed, which only we can
open; whoever has published seeds alone uses docs/verify_draw.py.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.crypto import Undecipherable
from miniprogram_api.core.db import unhurried
from points_mall.stock.models import StockPool, StockUnit

from . import fairness, guarantee, sealing, versions
from .audience import AGAIN, FREE, Counts
from .drawing import member_ref_of
from .models import Draw, FairnessPeriod, MemberWheel, Wheel
from .periods import OpenPeriod, unsealed
from .proofs import Check, checks_of_draw, checks_of_number, checks_of_version
from .records import Recorded, recorded
from .versions import Version


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, what is proven, and what is stored instead."""

    wheel_id: int
    day: date | None
    draw_no: str | None
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = " ".join(str(part) for part in (self.day, self.draw_no) if part is not None)
        return (
            f"wheel {self.wheel_id} {place}: {self.what}:"
            f" proven is {self.expected}, stored is {self.found}"
        )


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, wheel by wheel; nothing when every draw is right.

    Looks at one moment, however many draw meanwhile, when the session has not read anything yet.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried(session)
    for wheel in session.scalars(sa.select(Wheel).order_by(Wheel.id)).all():
        yield from _WheelAudit(session, wheel).findings()
    yield from _stray_units(session)


class _WheelAudit:
    """One wheel: its versions, then its days in order, then what members are counted for."""

    def __init__(self, session: Session, wheel: Wheel) -> None:
        self._session, self._wheel = session, wheel
        self._versions: dict[int, Version] = {}
        self._counts: dict[int, Counts] = defaultdict(Counts)

    def findings(self) -> Iterator[Finding]:
        found = versions.read_versions(self._session, self._wheel.id)
        self._versions = {version.version: version for version in found}
        previous = sealing.GENESIS
        for number, version in enumerate(found, start=1):
            yield from self._differ(checks_of_version(version, previous, number))
            previous = version.hash
        yield from self._differ(iter([("version in force", len(found), self._wheel.version)]))
        query = sa.select(FairnessPeriod).filter_by(wheel_id=self._wheel.id)
        for period in self._session.scalars(query.order_by(FairnessPeriod.day)).all():
            yield from self._period(period)
        yield from self._members()

    def _period(self, period: FairnessPeriod) -> Iterator[Finding]:
        seed = _seed_of(period)
        promised = seed and fairness.commitment(seed)
        yield from self._differ(iter([("commitment", promised, period.commitment)]), period.day)
        opened = _opened(period)
        index, previous, version_before = 0, sealing.GENESIS, 0
        for one in recorded(self._session, period.id):
            index += 1
            version = self._versions[one.row.version]
            checks = self._checks(one, version, opened, index, previous, seed)
            yield from self._differ(checks, period.day, one.row.draw_no)
            later = one.row.version >= version_before
            order = iter([("versions follow each other", True, later)])
            yield from self._differ(order, period.day, one.row.draw_no)
            self._count(one, version, period.day)
            previous, version_before = one.row.hash, one.row.version
        ends = iter([("next_index", index + 1, period.next_index),
                     ("last_hash", previous, period.last_hash)])  # fmt: skip
        yield from self._differ(ends, period.day)

    def _checks(
        self,
        one: Recorded,
        version: Version,
        period: OpenPeriod,
        index: int,
        previous: str,
        seed: bytes | None,
    ) -> Iterator[Check]:
        since = self._counts[one.row.member_id].since_guaranteed
        yield from checks_of_draw(one, version, period, index, previous, since)
        ref = member_ref_of(one.row.member_id, self._wheel.id)
        yield "member_ref", ref, one.row.member_ref
        yield "wheel_id", self._wheel.id, one.row.wheel_id
        if seed is not None:
            yield from checks_of_number(one.row, version, seed)
        yield from self._limits(one, version, period.day)

    def _limits(self, one: Recorded, version: Version, day: date) -> Iterator[Check]:
        before = self._counts[one.row.member_id].on(day)
        if one.row.paid_by == AGAIN:
            return
        for name, limit, drawn in (
            ("daily_limit", version.daily_limit, before.draws_today),
            ("total_limit", version.total_limit, before.draws),
        ):
            if limit is not None:
                yield f"within {name}", True, drawn < limit
        if one.row.paid_by == FREE:
            yield "within free draws", True, before.free_today < version.free_draws_per_day

    def _count(self, one: Recorded, version: Version, day: date) -> None:
        before = self._counts[one.row.member_id].on(day)
        since = guarantee.since(
            before.since_guaranteed, one.row.picked_position, version.guaranteed
        )
        self._counts[one.row.member_id] = before.after(one.row.paid_by, since)

    def _members(self) -> Iterator[Finding]:
        rows = self._session.scalars(sa.select(MemberWheel).filter_by(wheel_id=self._wheel.id))
        stored = {
            row.member_id: Counts(
                row.draws, row.since_guaranteed, row.day, row.draws_today, row.free_today
            )
            for row in rows
        }
        for member_id in sorted(stored.keys() | self._counts.keys()):
            check = (f"counts of member {member_id}", self._counts.get(member_id),
                     stored.get(member_id))  # fmt: skip
            yield from self._differ(iter([check]))

    def _differ(
        self, checks: Iterator[Check], day: date | None = None, draw_no: str | None = None
    ) -> Iterator[Finding]:
        for what, proven, stored in checks:
            if proven != stored:
                yield Finding(self._wheel.id, day, draw_no, what, str(proven), str(stored))


def _seed_of(period: FairnessPeriod) -> bytes | None:
    """The seed of a day; None: it cannot be opened, or is none."""
    try:
        if period.seed_hex is not None:
            return bytes.fromhex(period.seed_hex)
        return unsealed(period.wheel_id, period.day, period.seed_sealed or "")
    except (Undecipherable, ValueError):
        return None


def _opened(period: FairnessPeriod) -> OpenPeriod:
    return OpenPeriod(
        id=period.id,
        wheel_id=period.wheel_id,
        day=period.day,
        commitment=period.commitment,
        next_index=period.next_index,
        last_hash=period.last_hash,
        is_revealed=period.revealed_at is not None,
        sealed=None,
    )


def _stray_units(session: Session) -> Iterator[Finding]:
    """Units of prizes that are held, but by no draw."""
    holder_of_order = sa.literal("D") + sa.func.substr(StockUnit.holder, 2)
    rows: Any = session.execute(
        sa.select(StockPool.code, StockUnit.unit_no, StockUnit.holder)
        .join(StockPool, StockPool.id == StockUnit.pool_id)
        .outerjoin(Draw, Draw.draw_no == holder_of_order)
        .where(
            StockPool.code.startswith("wheel:"), StockUnit.holder.is_not(None), Draw.id.is_(None)
        )
        .order_by(StockPool.id, StockUnit.unit_no)
    )
    for row in rows:
        wheel_id = int(row.code.split(":")[1])
        yield Finding(wheel_id, None, None, f"{row.code} unit {row.unit_no}", "free", row.holder)
