"""The versions of wheels as they draw: read once by a process, because they never change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from .models import Wheel, WheelPrize, WheelVersion
from .odds import Slot

_EXTENSION = "lottery.versions"
_MOST_KEPT = 500

wheels = cast(sa.Table, Wheel.__table__)
versions = cast(sa.Table, WheelVersion.__table__)
prizes = cast(sa.Table, WheelPrize.__table__)

Key = tuple[int, int]
"""A wheel's id and the number of its version."""


@dataclass(frozen=True)
class Prize:
    """A prize of a version; see `models.WheelPrize`."""

    id: int
    position: int
    code: str
    name: str
    kind: str
    weight: int
    amount: int
    item: str | None
    value_fen: int
    pool_id: int | None
    expires_days: int | None
    fulfilment: str | None
    is_stocked: bool
    is_consolation: bool
    is_guaranteed: bool


@dataclass(frozen=True)
class Version:
    """A version of a wheel with its prizes, by position; see `models.WheelVersion`."""

    id: int
    wheel_id: int
    version: int
    effective_at: datetime
    title: str
    opens_at: datetime
    closes_at: datetime | None
    rules_zh: str
    rules_en: str
    points_cost: int
    free_draws_per_day: int
    daily_limit: int | None
    total_limit: int | None
    weight_total: int
    min_tier_rank: int
    new_member_days: int | None
    guarantee_nth: int | None
    actor: str
    prev_hash: str
    hash: str
    prizes: tuple[Prize, ...]

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """What is drawn from."""
        return tuple(Slot(prize.position, prize.weight) for prize in self.prizes)

    @cached_property
    def guaranteed(self) -> frozenset[int]:
        """The positions of the guaranteed prizes."""
        return frozenset(prize.position for prize in self.prizes if prize.is_guaranteed)

    @cached_property
    def by_position(self) -> dict[int, Prize]:
        """The prizes by position."""
        return {prize.position: prize for prize in self.prizes}

    @cached_property
    def consolation(self) -> Prize | None:
        """What is given where the picked prize has run out."""
        return next((prize for prize in self.prizes if prize.is_consolation), None)


@dataclass(frozen=True)
class Standing:
    """A wheel as it stands now, and the version that draws."""

    id: int
    closed_at: datetime | None
    version: Version

    @property
    def ends_at(self) -> datetime | None:
        """When it is over: closed early, or by its schedule."""
        ends = [at for at in (self.closed_at, self.version.closes_at) if at is not None]
        return min(ends, default=None)


_WHEELS = sa.select(wheels.c.id, wheels.c.closed_at, wheels.c.version).where(
    wheels.c.id.in_(sa.bindparam("wheels", expanding=True))
)


def standing(session: Session, wheel_ids: Iterable[int]) -> dict[int, Standing]:
    """Wheels as they stand now, in one statement, or in three where a version was never read."""
    rows = session.execute(_WHEELS, {"wheels": sorted(set(wheel_ids))}).all()
    known = versions_of(session, [(row.id, row.version) for row in rows])
    return {row.id: Standing(row.id, row.closed_at, known[row.id, row.version]) for row in rows}


def versions_of(session: Session, keys: Sequence[Key]) -> dict[Key, Version]:
    """Versions by wheel and number; those that there are not are left out."""
    kept: dict[Key, Version] = current_app.extensions.setdefault(_EXTENSION, {})
    if missing := [key for key in set(keys) if key not in kept]:
        if len(kept) > _MOST_KEPT:
            kept.clear()
        kept.update(_read(session, missing))
    return {key: kept[key] for key in set(keys) if key in kept}


def read_versions(session: Session, wheel_id: int) -> list[Version]:
    """Every version of a wheel, the first one first, read anew."""
    return _read_where(session, versions.c.wheel_id == wheel_id)


def _read(session: Session, keys: Sequence[Key]) -> dict[Key, Version]:
    wanted = sa.tuple_(versions.c.wheel_id, versions.c.version).in_(keys)
    return {(one.wheel_id, one.version): one for one in _read_where(session, wanted)}


def _read_where(session: Session, which: sa.ColumnElement[bool]) -> list[Version]:
    rows = session.execute(sa.select(versions).where(which).order_by(versions.c.version)).all()
    ids = [row.id for row in rows]
    query = sa.select(prizes).where(prizes.c.version_id.in_(ids)).order_by(prizes.c.position)
    found: dict[int, list[Prize]] = {version_id: [] for version_id in ids}
    for row in session.execute(query):
        found[row.version_id].append(_prize(row))
    return [_version(row, found[row.id]) for row in rows]


def _prize(row: Any) -> Prize:
    return Prize(**{name: getattr(row, name) for name in Prize.__dataclass_fields__})


def _version(row: Any, its_prizes: list[Prize]) -> Version:
    names = [name for name in Version.__dataclass_fields__ if name != "prizes"]
    return Version(**{name: getattr(row, name) for name in names}, prizes=tuple(its_prizes))
