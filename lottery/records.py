"""Loading what an audit compares: the draws of a period, with all that should follow from them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from points_mall.coupons.granting import COUPON
from points_mall.coupons.models import Coupon
from points_mall.ledger.models import LedgerEntry
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.states import OrderStatus
from points_mall.stock.models import StockUnit

from . import reasons
from .chances import AGAIN, DRAW_CHANCE
from .giving import order_no_of
from .models import Draw, DrawChanceGrant, DrawChanceUse
from .terms import DRAW_AGAIN

BATCH = 500

draws = cast(sa.Table, Draw.__table__)
entries = cast(sa.Table, LedgerEntry.__table__)
orders = cast(sa.Table, RedemptionOrder.__table__)
units = cast(sa.Table, StockUnit.__table__)
grants = cast(sa.Table, DrawChanceGrant.__table__)
coupons = cast(sa.Table, Coupon.__table__)
uses = cast(sa.Table, DrawChanceUse.__table__)

_DRAWS = (
    sa.select(draws)
    .where(draws.c.period_id == sa.bindparam("period"), draws.c.draw_index > sa.bindparam("after"))
    .order_by(draws.c.draw_index)
    .limit(BATCH)
)
_ENTRIES = sa.select(entries.c.reference, entries.c.reason, entries.c.points).where(
    among(entries.c.reason, "reasons"), among(entries.c.reference, "references")
)
_ORDERS = sa.select(
    orders.c.order_no, orders.c.member_id, orders.c.pool_id, orders.c.status, orders.c.points
).where(among(orders.c.order_no, "numbers"))
_UNITS = sa.select(units.c.holder, units.c.pool_id, units.c.member_id).where(
    among(units.c.holder, "holders")
)
_USES = (
    sa.select(uses.c.draw_no, grants.c.reason, grants.c.member_id, grants.c.wheel_id)
    .join(grants, grants.c.id == uses.c.grant_id)
    .where(among(uses.c.draw_no, "numbers"))
)
_CHANCES = sa.select(grants.c.reference, grants.c.reason, grants.c.count.label("given")).where(
    among(grants.c.member_id, "members"), among(grants.c.reference, "references")
)
_COUPONS = (
    sa.select(coupons.c.reference, sa.func.count().label("given"))
    .where(
        among(coupons.c.member_id, "members"),
        among(coupons.c.reference, "references"),
        coupons.c.reason == reasons.PRIZE.code,
    )
    .group_by(coupons.c.reference)
)


@dataclass(frozen=True)
class Recorded:
    """A draw as it is stored, with what else is stored because of it.

    :param points: what the ledger moved for it, by reason.
    :param units: pools and members of the units that it holds.
    :param given: how many chances and coupons it gave, by kind.
    """

    row: Any
    points: dict[str, int]
    order: Any
    units: list[tuple[int, int]]
    use: Any
    given: dict[str, int]

    @property
    def order_is_alive(self) -> bool:
        """Whether its order still stands."""
        return self.order is not None and self.order.status != OrderStatus.CANCELLED


def recorded(session: Session, period_id: int) -> Iterator[Recorded]:
    """The draws of a period, by their number, in batches."""
    after = 0
    while rows := session.execute(_DRAWS, {"period": period_id, "after": after}).all():
        yield from _with_consequences(session, rows)
        after = rows[-1].draw_index


def _with_consequences(session: Session, rows: Sequence[Any]) -> Iterator[Recorded]:
    numbers = [row.draw_no for row in rows]
    references = [reasons.reference_of(number) for number in numbers]
    order_nos = [order_no_of(number) for number in numbers]
    points: dict[str, dict[str, int]] = defaultdict(dict)
    codes = [reasons.DRAW.code, reasons.PRIZE.code]
    for row in session.execute(_ENTRIES, {"reasons": codes, "references": references}):
        points[row.reference][row.reason] = row.points
    held: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in session.execute(_UNITS, {"holders": numbers + order_nos}):
        held[row.holder].append((row.pool_id, row.member_id))
    found = {row.order_no: row for row in session.execute(_ORDERS, {"numbers": order_nos})}
    used = {row.draw_no: row for row in session.execute(_USES, {"numbers": numbers})}
    members = sorted({row.member_id for row in rows})
    criteria = {"members": members, "references": references}
    given: dict[str, dict[str, int]] = defaultdict(dict)
    for row in session.execute(_CHANCES, criteria):
        given[row.reference][DRAW_AGAIN if row.reason == AGAIN else DRAW_CHANCE] = row.given
    for row in session.execute(_COUPONS, criteria):
        given[row.reference][COUPON] = row.given
    for row, reference, order_no in zip(rows, references, order_nos, strict=True):
        yield Recorded(
            row,
            points.get(reference, {}),
            found.get(order_no),
            held.get(row.draw_no, []) + held.get(order_no, []),
            used.get(row.draw_no),
            given.get(reference, {}),
        )
