"""Who owns which unit: the last word, inside the caller's transaction, for a whole group at once."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction

from .models import StockUnit

units = cast(sa.Table, StockUnit.__table__)

_HOLDINGS = sa.select(units.c.pool_id, units.c.member_id, units.c.nth).where(
    among(units.c.pool_id, "pools"), among(units.c.member_id, "members")
)
_GIVE_UP = (
    sa.update(units)
    .where(among(units.c.holder, "orders"))
    .values(holder=None, member_id=None, nth=None)
    .returning(units.c.pool_id, units.c.unit_no)
)
_HELD_BY = sa.select(units.c.pool_id, units.c.unit_no, units.c.holder).where(
    among(units.c.holder, "orders")
)
_FREE = (
    sa.select(units.c.unit_no)
    .where(units.c.pool_id == sa.bindparam("pool_id"), units.c.holder.is_(None))
    .order_by(units.c.unit_no)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True)
class Ownership:
    """A member's order is to own units of a pool."""

    pool_id: int
    order_no: str
    member_id: int
    unit_nos: tuple[int, ...]
    allowance: int | None = None


def allowance_left(wanted: Sequence[Ownership]) -> list[bool]:
    """Whether each member may own that many more, counting what `wanted` itself takes, in order.

    The members' accounts are locked by the caller, so nobody counts at the same time.
    """
    return [slots is not None for slots in _slots(wanted)]


def counts_held(pool_ids: Iterable[int], member_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    """How many units members own, by pool and member, in one statement."""
    criteria = {"pools": sorted(pool_ids), "members": sorted(member_ids)}
    rows = current_transaction().execute(_HOLDINGS, criteria)
    return dict(Counter((row.pool_id, row.member_id) for row in rows))


def own(wanted: Sequence[Ownership]) -> list[bool]:
    """Make the orders the holders of their units, in one statement; answer who won all of them.

    An order that did not get all its units holds none. A number that has an owner keeps it, which
    is what proves that nothing is sold twice.
    """
    asked = _first_asked(wanted)
    changed = bulk.update(
        current_transaction(),
        units,
        list(asked.values()),
        key=("pool_id", "unit_no"),
        only="stock_unit.holder IS NULL",
    )
    won = {(row.pool_id, row.unit_no) for row in changed}
    answers = [
        all(
            (one.pool_id, number) in won and asked[one.pool_id, number]["holder"] == one.order_no
            for number in one.unit_nos
        )
        for one in wanted
    ]
    owners = {one.order_no for one, owns in zip(wanted, answers, strict=True) if owns}
    _let_go([row for at, row in asked.items() if at in won and row["holder"] not in owners])
    return answers


def _first_asked(wanted: Sequence[Ownership]) -> dict[tuple[int, int], dict[str, Any]]:
    """For each unit the row of the order that asks for it first; none beyond an allowance."""
    asked: dict[tuple[int, int], dict[str, Any]] = {}
    for one, slots in zip(wanted, _slots(wanted), strict=True):
        for unit_no, nth in zip(one.unit_nos, slots or (), strict=slots is not None):
            row = {
                "pool_id": one.pool_id,
                "unit_no": unit_no,
                "holder": one.order_no,
                "member_id": one.member_id,
                "nth": nth,
            }
            asked.setdefault((one.pool_id, unit_no), row)
    return asked


def _let_go(rows: list[dict[str, Any]]) -> None:
    """Give up what an order won without winning all that it asked for."""
    nobody = {"holder": None, "member_id": None, "nth": None}
    bulk.update(
        current_transaction(),
        units,
        [{**row, **nobody} for row in rows],
        key=("pool_id", "unit_no"),
    )


def give_up(order_nos: Iterable[str]) -> Sequence[Any]:
    """Empty the holder of all units of these orders; answer the units (`pool_id`, `unit_no`)."""
    return current_transaction().execute(_GIVE_UP, {"orders": list(order_nos)}).all()


def held_by(order_nos: Iterable[str]) -> Sequence[Any]:
    """The units that these orders own (`pool_id`, `unit_no`, `holder`)."""
    return current_transaction().execute(_HELD_BY, {"orders": list(order_nos)}).all()


def free_units(pool_id: int, count: int) -> list[int]:
    """Up to `count` free numbers, locked, without waiting for those whom others are taking.

    For the time in which Redis is away.
    """
    criteria = {"pool_id": pool_id, "count": count}
    return list(current_transaction().scalars(_FREE, criteria))


def _slots(wanted: Sequence[Ownership]) -> list[list[int | None] | None]:
    """For each order the `nth` of each unit, or None where the allowance does not suffice."""
    used: dict[tuple[int, int], set[int]] = defaultdict(set)
    limited = [one for one in wanted if one.allowance is not None]
    if limited:
        criteria = {
            "pools": sorted({one.pool_id for one in limited}),
            "members": sorted({one.member_id for one in limited}),
        }
        for row in current_transaction().execute(_HOLDINGS, criteria):
            used[row.pool_id, row.member_id].add(row.nth)
    answers: list[list[int | None] | None] = []
    for one in wanted:
        if one.allowance is None:
            answers.append([None] * len(one.unit_nos))
            continue
        taken = used[one.pool_id, one.member_id]
        free = [nth for nth in range(1, one.allowance + 1) if nth not in taken]
        if len(free) < len(one.unit_nos):
            answers.append(None)
            continue
        mine = free[: len(one.unit_nos)]
        taken.update(mine)
        answers.append(list(mine))
    return answers
