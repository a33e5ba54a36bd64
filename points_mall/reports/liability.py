"""What the shop owes in points, in money, and when it expires; read from the rollups.

Every point that is out counts, those set aside by a hold among them. Points past their last day that
no job has taken yet cannot be spent: they are told apart and owed no more.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from points_mall.purchases.points_as_cash import worth_fen
from points_mall.purchases.quoting import exchange

from . import breakage
from .days import NEVER_ON
from .figures import balance_points
from .models import LotDay

LADDER_MONTHS = 12
SOON_DAYS = 30

lot_days = cast(sa.Table, LotDay.__table__)

_KEPT = lot_days.c.granted_points - lot_days.c.reversed_points
_OUT = _KEPT - lot_days.c.spent_points - lot_days.c.expired_points - lot_days.c.repaid_points


@dataclass(frozen=True)
class Step:
    """Points that can last be spent in one month.

    :param month_on: the first of that month; None: those that never expire.
    :param is_later: all that live longer than the ladder shows.
    """

    month_on: date | None
    points: int
    worth_fen: int | None
    is_later: bool = False


@dataclass(frozen=True)
class Liability:
    """What members can still claim.

    :param outstanding_points: in lots that are open, held ones among them.
    :param worth_fen: at what points pay of a bill, rounded down; None: they pay no bills, so the
        shop has put no price on them.
    :param overdue_points: past their last day, not taken by the night's job yet; not outstanding.
    :param debt_points: what members owe the shop.
    """

    outstanding_points: int
    worth_fen: int | None
    points_per_yuan: int
    overdue_points: int
    debt_points: int
    expiring_points: int
    expiring_worth_fen: int | None
    expiring_days: int
    ladder: list[Step]


def liability() -> Liability:
    """What is owed today, and when it expires."""
    by_day = {row.last_on: int(row.points) for row in db.session.execute(_BY_LAST_DAY)}
    this_day = today()
    owed = {day: points for day, points in by_day.items() if day >= this_day}
    soon_until = this_day + timedelta(days=SOON_DAYS)
    expiring = sum(points for day, points in owed.items() if day < soon_until)
    outstanding = sum(owed.values())
    return Liability(
        outstanding_points=outstanding,
        worth_fen=worth(outstanding),
        points_per_yuan=settings().points_per_yuan,
        overdue_points=sum(by_day.values()) - outstanding,
        debt_points=sum(by_day.values()) - balance_points(),
        expiring_points=expiring,
        expiring_worth_fen=worth(expiring),
        expiring_days=SOON_DAYS,
        ladder=_ladder(owed, this_day),
    )


def expected_breakage() -> breakage.Breakage:
    """What of the outstanding points is expected to expire; see `breakage` for the method."""
    rows = db.session.execute(_BY_DAYS)
    cohorts = (
        breakage.Cohort(
            row.issued_on.replace(day=1),
            row.last_on,
            int(row.kept_points),
            int(row.expired_points),
            int(row.points),
        )
        for row in rows
    )
    return breakage.estimate(cohorts, today())


def worth(points: int) -> int | None:
    """What points pay of a bill, in fen; None where they pay none."""
    return worth_fen(points, exchange()) if settings().points_per_yuan else None


def _ladder(owed: dict[date, int], this_day: date) -> list[Step]:
    """Twelve months from this one on, then what is later, then what never expires."""
    months = [_months_on(this_day, step) for step in range(LADDER_MONTHS)]
    after = _months_on(this_day, LADDER_MONTHS)
    points = dict.fromkeys(months, 0)
    for day, count in owed.items():
        if day < after:
            points[day.replace(day=1)] += count
    later = sum(count for day, count in owed.items() if after <= day < NEVER_ON)
    never = owed.get(NEVER_ON, 0)
    steps = [Step(month, count, worth(count)) for month, count in points.items()]
    return [
        *steps,
        Step(after, later, worth(later), is_later=True),
        Step(None, never, worth(never)),
    ]


def _months_on(day: date, months: int) -> date:
    """The first of the month so many months on."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _sum(points: Any) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.sum(points), sa.BigInteger)


_BY_LAST_DAY = sa.select(lot_days.c.last_on, _sum(_OUT).label("points")).group_by(
    lot_days.c.last_on
)
_BY_DAYS = sa.select(
    lot_days.c.issued_on,
    lot_days.c.last_on,
    _KEPT.label("kept_points"),
    lot_days.c.expired_points,
    _OUT.label("points"),
).where(lot_days.c.last_on < NEVER_ON)
