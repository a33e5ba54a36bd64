"""What the merchant sees of wheels: how often they are drawn, what they gave, whether odds come true.

Counted where counting is cheap: draws by the numbers of the days, odds by the latest draws alone, so that
a wheel drawn a million times is read as fast as a new one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import db
from points_mall.stock.models import StockUnit

from . import odds, versions
from .guarantee import ODDS
from .models import Draw, FairnessPeriod, Wheel
from .shown import ENDED, RUNNING, state_of
from .terms import DRAW_AGAIN, NOTHING
from .versions import Prize, Standing, Version

SAMPLE = 2_000

_periods = cast(sa.Table, FairnessPeriod.__table__)
_units = cast(sa.Table, StockUnit.__table__)
_DRAWN = (
    sa.select(
        _periods.c.wheel_id,
        sa.func.sum(_periods.c.next_index - 1).label("ever"),
        sa.func.sum(
            sa.case((_periods.c.day == sa.bindparam("day", type_=sa.Date), _periods.c.next_index - 1),
                    else_=0)
        ).label("today"),
    )
    .where(among(_periods.c.wheel_id, "wheels"))
    .group_by(_periods.c.wheel_id)
)  # fmt: skip
_UNITS = (
    sa.select(
        _units.c.pool_id,
        sa.func.count().label("units"),
        sa.func.count(_units.c.holder).label("gone"),
    )
    .where(among(_units.c.pool_id, "pools"))
    .group_by(_units.c.pool_id)
)


@dataclass(frozen=True)
class Pot:
    """How many units there are of something limited, and how many are won."""

    units: int = 0
    gone: int = 0


@dataclass(frozen=True)
class Seen:
    """The latest draws of a version by its odds: how many, and what each position had of them."""

    draws: int
    picked: Counter[int]

    def share_bp(self, position: int) -> int | None:
        """How often a position came up, in basis points; None: nothing was drawn."""
        return round(self.picked[position] * 10_000 / self.draws) if self.draws else None


@dataclass(frozen=True)
class WheelRow:
    """A wheel in the list.

    :param set_bp: by how many draws of ten thousand somebody should win; `seen_bp`: did.
    :param given_fen: the worth of what is won of the limited prizes, of `budget_fen` in all.
    """

    id: int
    wheel: Standing
    state: str
    drawn_today: int
    drawn: int
    set_bp: int
    seen_bp: int | None
    given_fen: int
    budget_fen: int


def rows_of(wheels: Sequence[Wheel]) -> list[WheelRow]:
    """Wheels with their figures; statements do not grow with how often they were drawn."""
    ids = [wheel.id for wheel in wheels]
    standing = versions.standing(db.session(), ids)
    drawn = {row.wheel_id: row for row in _asked(_DRAWN, wheels=ids, day=today())}
    held = pots(prize.pool_id for one in standing.values() for prize in one.version.prizes)
    return [_row(standing[wheel_id], drawn.get(wheel_id), held) for wheel_id in ids]


def in_state(state: str) -> sa.ColumnElement[bool]:
    """The wheels that are in a state now."""
    moment = now()
    if state == ENDED:
        return sa.or_(Wheel.closed_at.is_not(None), Wheel.closes_at <= moment)
    is_open = Wheel.opens_at <= moment
    return sa.and_(
        Wheel.closed_at.is_(None),
        sa.or_(Wheel.closes_at.is_(None), Wheel.closes_at > moment),
        is_open if state == RUNNING else sa.not_(is_open),
    )


def pots(pool_ids: Iterable[int | None]) -> dict[int, Pot]:
    """The units of pools."""
    wanted = sorted({pool_id for pool_id in pool_ids if pool_id is not None})
    return {row.pool_id: Pot(row.units, row.gone) for row in _asked(_UNITS, pools=wanted)}


def units_in_all(version: Version) -> dict[int, int]:
    """How many units each pool of a version has."""
    found = pots(prize.pool_id for prize in version.prizes)
    return {pool_id: pot.units for pool_id, pot in found.items()}


def seen(version: Version) -> Seen:
    """What the latest draws of a version fell on; those that a guarantee decided are left out."""
    latest = (
        sa.select(Draw.version, Draw.rule, Draw.picked_position)
        .where(Draw.wheel_id == version.wheel_id)
        .order_by(Draw.id.desc())
        .limit(SAMPLE)
    )
    picked = Counter(
        row.picked_position
        for row in db.session.execute(latest)
        if row.version == version.version and row.rule == ODDS
    )
    return Seen(picked.total(), picked)


def is_win(prize: Prize) -> bool:
    """Whether who draws it has won something."""
    return prize.kind not in {NOTHING, DRAW_AGAIN} and not prize.is_consolation


def _row(one: Standing, drawn: Any, held: dict[int, Pot]) -> WheelRow:
    version = one.version
    came = seen(version)
    winning = [prize for prize in version.prizes if is_win(prize)]
    limited = [(prize, held.get(prize.pool_id, Pot())) for prize in version.prizes if prize.pool_id]
    set_weight = sum(prize.weight for prize in winning)
    return WheelRow(
        one.id,
        one,
        state_of(one),
        int(drawn.today) if drawn else 0,
        int(drawn.ever) if drawn else 0,
        round(odds.odds_bp(set_weight, version.weight_total)),
        round(sum(came.picked[prize.position] for prize in winning) * 10_000 / came.draws)
        if came.draws
        else None,
        sum(pot.gone * prize.value_fen for prize, pot in limited),
        sum(pot.units * prize.value_fen for prize, pot in limited),
    )


def _asked(query: sa.Select[Any], **given: Any) -> Sequence[Any]:
    return db.session.execute(query, given).all()
