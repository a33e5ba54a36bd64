"""Sales as the counter looks them up: by number, by receipt, by member, or the till's latest."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import member_by_no, public_name
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import is_member_no
from miniprogram_api.staff.models import Staff
from points_mall.purchases.models import Purchase, PurchaseLine, PurchaseRefund
from points_mall.purchases.states import TILL, RefundState

from . import codes, receipts, scans
from .customers import masked_name
from .errors import NoSuchSale, ScanOver
from .goods_back import Left, counted, left_of
from .models import Till, TillRefund, TillSale
from .tills import Counter, require_store

_lines = cast(sa.Table, PurchaseLine.__table__)
_refunds = cast(sa.Table, PurchaseRefund.__table__)
_LINES = (
    sa.select(_lines)
    .where(among(_lines.c.purchase_id, "ids"))
    .order_by(_lines.c.purchase_id, _lines.c.line_no)
)
_GIVEN_BACK = sa.select(
    _refunds.c.purchase_external_id, _refunds.c.amount_fen, _refunds.c.state, _refunds.c.lines
).where(
    _refunds.c.purchase_source == TILL,
    _refunds.c.state.in_([RefundState.WAITING.value, RefundState.APPLIED.value]),
    among(_refunds.c.purchase_external_id, "numbers"),
)
_GOODS_BACK = sa.select(TillRefund.sale_id, TillRefund.lines).where(
    TillRefund.lines.is_not(None), among(TillRefund.sale_id, "ids")
)


@dataclass(frozen=True)
class _Moved:
    """The lines of a sale, what was given back of it, and which goods came back."""

    lines: Sequence[Any]
    given_back: Sequence[Any]
    goods: Sequence[Any]

    def left_of(self, left_fen: int) -> dict[int, Left]:
        """What is left of each line, where so much of the sale is."""
        given_fen = [
            {int(line_no): fen for line_no, fen in (refund.lines or {}).items()}
            for refund in self.given_back
        ]
        came_back = counted(refund.lines for refund in self.goods)
        return left_of(self.lines, given_fen, came_back, left_fen)


def sales_of(
    counter: Counter,
    *,
    member: str | None = None,
    receipt_no: str | None = None,
    sale_no: str | None = None,
    receipt_code: str | None = None,
) -> sa.Select[Any]:
    """A query for the sales of the caller's store; named by nothing, for those of this till.

    :param member: a scan of this till's or person's, or a member number.
    :raises ScanOver: no such scan.
    :raises NotFound: no such member.
    """
    query = (
        sa.select(TillSale, Purchase, Till.code, Staff.name, Member)
        .join(Purchase, Purchase.id == TillSale.purchase_id)
        .join(Till, Till.id == TillSale.till_id)
        .join(Staff, Staff.id == TillSale.staff_id)
        .outerjoin(Member, Member.id == TillSale.member_id)
        .add_columns(TillSale.id.label("id"))
    )
    if counter.staff.store is not None:
        query = query.where(TillSale.store == counter.staff.store)
    if member is not None:
        query = query.where(TillSale.member_id == _member_id(counter, member))
    if receipt_no is not None:
        query = query.where(TillSale.receipt_no == receipt_no)
    if sale_no is not None:
        query = query.where(TillSale.sale_no == sale_no)
    if receipt_code is not None:
        cleaned = codes.cleaned(receipt_code)
        query = query.where(TillSale.claim_hash == receipts.hash_of(cleaned))
    if (member, receipt_no, sale_no, receipt_code) == (None,) * 4:
        query = query.where(TillSale.till_id == counter.till_id)
    return query


def sale_with(counter: Counter, sale_no: str) -> TillSale:
    """A sale by its number.

    :raises NoSuchSale: there is none.
    :raises OtherStore: it was made in another store than the caller's.
    """
    found = db.session.scalar(sa.select(TillSale).filter_by(sale_no=sale_no))
    if found is None:
        raise NoSuchSale(f"no sale {sale_no}")
    require_store(counter.staff, found.store)
    return found


def told_sales(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of `sales_of` as plain JSON, in a constant number of statements."""
    ids = [row.Purchase.id for row in rows]
    numbers = [row.Purchase.external_id for row in rows]
    sales = [row.TillSale.id for row in rows]
    lines = _grouped(_LINES, {"ids": ids}, lambda line: line.purchase_id)
    given_back = _grouped(_GIVEN_BACK, {"numbers": numbers}, lambda one: one.purchase_external_id)
    goods = _grouped(_GOODS_BACK, {"ids": sales}, lambda one: one.sale_id)
    return [
        _told(
            row,
            _Moved(
                lines[row.Purchase.id],
                given_back[row.Purchase.external_id],
                goods[row.TillSale.id],
            ),
        )
        for row in rows
    ]


def _grouped(
    query: sa.Executable, parameters: dict[str, Any], key: Callable[[Any], Any]
) -> dict[Any, list[Any]]:
    """The rows of a query, by what they belong to."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in db.session.execute(query, parameters):
        found[key(row)].append(row)
    return found


def _told(row: Any, moved: _Moved) -> dict[str, Any]:
    sale, bought = row.TillSale, row.Purchase
    waiting = (one.amount_fen for one in moved.given_back if one.state == RefundState.WAITING)
    refunded = bought.refunded_fen + sum(waiting)
    left_fen = bought.total_fen - refunded
    left = moved.left_of(left_fen)
    return {
        "sale_no": sale.sale_no,
        "receipt_no": sale.receipt_no,
        "till": row.code,
        "cashier": row.name,
        "store": sale.store,
        "member": _masked(row.Member),
        "tender": sale.tender,
        "gross_fen": bought.gross_fen,
        "discount_fen": bought.discount_fen,
        "total_fen": bought.total_fen,
        "points_spent": bought.points_used,
        "points_fen": bought.points_fen,
        "wallet_fen": bought.wallet_fen,
        "payable_fen": bought.cash_fen,
        "points_earned": bought.points_earned,
        "refunded_fen": refunded,
        "refundable_fen": left_fen,
        "is_refundable": left_fen > 0 or not moved.given_back,
        "sold_at": in_shop_time(sale.sold_at).isoformat(),
        "lines": [_told_line(line, left[line.line_no]) for line in moved.lines],
    }


def _told_line(line: Any, left: Left) -> dict[str, Any]:
    names = ("line_no", "title", "quantity", "amount_fen", "payable_fen", "refunded_fen")
    return {
        **{name: getattr(line, name) for name in names},
        "refundable_quantity": left.quantity,
        "refundable_fen": left.amount_fen,
    }


def _masked(member: Member | None) -> dict[str, Any] | None:
    return None if member is None else {"name_masked": masked_name(public_name(member))}


def _member_id(counter: Counter, named: str) -> int:
    if is_member_no(named):
        return member_by_no(named).id
    if len(named) > 15:
        raise ScanOver("no scan of yours has this number")
    return scans.made_here(counter, int(named)).member_id
