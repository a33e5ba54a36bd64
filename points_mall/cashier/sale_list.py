"""Sales as the counter looks them up: by number, by receipt, by member, or the till's latest."""

from collections import defaultdict
from collections.abc import Sequence
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
from .models import Till, TillSale
from .tills import Counter, require_store

_lines = cast(sa.Table, PurchaseLine.__table__)
_refunds = cast(sa.Table, PurchaseRefund.__table__)
_LINES = (
    sa.select(_lines)
    .where(among(_lines.c.purchase_id, "ids"))
    .order_by(_lines.c.purchase_id, _lines.c.line_no)
)
_WAITING = sa.select(_refunds.c.purchase_external_id, _refunds.c.amount_fen).where(
    _refunds.c.purchase_source == TILL,
    _refunds.c.state == RefundState.WAITING.value,
    among(_refunds.c.purchase_external_id, "numbers"),
)


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
    by_purchase: dict[int, list[Any]] = defaultdict(list)
    ids = [row.Purchase.id for row in rows]
    for line in db.session.execute(_LINES, {"ids": ids}):
        by_purchase[line.purchase_id].append(line)
    waiting: dict[str, int] = defaultdict(int)
    numbers = [row.Purchase.external_id for row in rows]
    for refund in db.session.execute(_WAITING, {"numbers": numbers}):
        waiting[refund.purchase_external_id] += refund.amount_fen or 0
    return [
        _told(row, by_purchase[row.Purchase.id], waiting[row.Purchase.external_id]) for row in rows
    ]


def _told(row: Any, lines: Sequence[Any], waiting_fen: int) -> dict[str, Any]:
    sale, bought = row.TillSale, row.Purchase
    refunded = bought.refunded_fen + waiting_fen
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
        "refundable_fen": bought.total_fen - refunded,
        "sold_at": in_shop_time(sale.sold_at).isoformat(),
        "lines": [_told_line(line) for line in lines],
    }


def _told_line(line: Any) -> dict[str, Any]:
    names = ("line_no", "title", "quantity", "amount_fen", "payable_fen", "refunded_fen")
    return {name: getattr(line, name) for name in names}


def _masked(member: Member | None) -> dict[str, Any] | None:
    return None if member is None else {"name_masked": masked_name(public_name(member))}


def _member_id(counter: Counter, named: str) -> int:
    if is_member_no(named):
        return member_by_no(named).id
    if len(named) > 15:
        raise ScanOver("no scan of yours has this number")
    return scans.made_here(counter, int(named)).member_id
