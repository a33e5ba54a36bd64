"""Reading purchases, refunds and their members, in a constant number of statements each."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.members.models import Member

from .facts import Key
from .models import Purchase, PurchaseLine, PurchaseRefund
from .records import LineRecord, PurchaseRecord, RefundRecord
from .states import PurchaseStatus, Purpose, RefundState

purchases = cast(sa.Table, Purchase.__table__)
lines = cast(sa.Table, PurchaseLine.__table__)
refunds = cast(sa.Table, PurchaseRefund.__table__)
members = cast(sa.Table, Member.__table__)

_OF_KEYS = (
    among(purchases.c.source, "sources"),
    among(purchases.c.external_id, "external_ids"),
)
_OWNERS = sa.select(purchases.c.source, purchases.c.external_id, purchases.c.member_id).where(
    *_OF_KEYS
)
_PURCHASES = sa.select(purchases).where(*_OF_KEYS).order_by(purchases.c.id)
_LOCKED = _PURCHASES.with_for_update()
_LINES = (
    sa.select(lines)
    .where(among(lines.c.purchase_id, "ids"))
    .order_by(lines.c.purchase_id, lines.c.line_no)
)
_REFUNDS = sa.select(refunds).where(
    among(refunds.c.source, "sources"), among(refunds.c.external_id, "external_ids")
)
_WAITING = (
    sa.select(refunds)
    .where(
        refunds.c.state == RefundState.WAITING,
        among(refunds.c.purchase_source, "sources"),
        among(refunds.c.purchase_external_id, "external_ids"),
    )
    .order_by(refunds.c.refunded_at, refunds.c.id)
)
_APPLIED = sa.select(refunds).where(
    refunds.c.state == RefundState.APPLIED, among(refunds.c.purchase_id, "ids")
)
_PEOPLE = sa.select(members.c.id, members.c.birthday).where(
    among(members.c.id, "members"), members.c.closed_at.is_(None)
)
_BUYERS = (
    sa.select(purchases.c.member_id)
    .where(
        among(purchases.c.member_id, "members"),
        purchases.c.status == PurchaseStatus.PAID,
        purchases.c.purpose == Purpose.SALE,
    )
    .distinct()
)


@dataclass(frozen=True)
class Person:
    """What earning asks of a member whose account is open."""

    birthday: date | None
    has_bought: bool


def owners(session: Session, keys: Collection[Key]) -> dict[Key, int | None]:
    """Whose the purchases are that exist; nothing is locked."""
    rows = session.execute(_OWNERS, _parameters(keys))
    found = {(row.source, row.external_id): row.member_id for row in rows}
    return {key: found[key] for key in keys if key in found}


def locked_purchases(session: Session, keys: Collection[Key]) -> dict[Key, PurchaseRecord]:
    """The purchases that exist, with their lines, locked in the order of their ids."""
    return purchases_with(session, keys, _LOCKED)


def purchases_with(
    session: Session, keys: Collection[Key], query: sa.Select[Any] = _PURCHASES
) -> dict[Key, PurchaseRecord]:
    """The purchases that exist, with their lines; nothing is locked."""
    wanted = set(keys)
    rows = session.execute(query, _parameters(keys)).all()
    return with_lines(session, [row for row in rows if (row.source, row.external_id) in wanted])


def with_lines(session: Session, rows: Sequence[Any]) -> dict[Key, PurchaseRecord]:
    """Rows of `select(purchases)` as records, with their lines."""
    if not rows:
        return {}
    by_purchase: dict[int, list[LineRecord]] = defaultdict(list)
    for line in session.execute(_LINES, {"ids": [row.id for row in rows]}):
        by_purchase[line.purchase_id].append(_record(LineRecord, lines, line))
    found: list[PurchaseRecord] = [_record(PurchaseRecord, purchases, row) for row in rows]
    for purchase in found:
        purchase.lines = by_purchase[purchase.id]
    return {purchase.key: purchase for purchase in found}


def known_refunds(session: Session, keys: Collection[Key]) -> dict[Key, RefundRecord]:
    """Those of the refunds that were heard of before."""
    found = [
        _record(RefundRecord, refunds, row) for row in session.execute(_REFUNDS, _parameters(keys))
    ]
    wanted = set(keys)
    return {refund.key: refund for refund in found if refund.key in wanted}


def waiting_refunds(session: Session, keys: Collection[Key]) -> dict[Key, list[RefundRecord]]:
    """Refunds that wait, by the key of their purchase, as they happened."""
    by_purchase: dict[Key, list[RefundRecord]] = defaultdict(list)
    for row in session.execute(_WAITING, _parameters(keys)):
        refund = _record(RefundRecord, refunds, row)
        by_purchase[refund.purchase_key].append(refund)
    return {key: by_purchase[key] for key in keys if key in by_purchase}


def applied_refunds(session: Session, ids: Iterable[int]) -> dict[int, list[RefundRecord]]:
    """Refunds that were applied before, by the id of their purchase."""
    by_purchase: dict[int, list[RefundRecord]] = defaultdict(list)
    for row in session.execute(_APPLIED, {"ids": list(ids)}):
        by_purchase[row.purchase_id].append(_record(RefundRecord, refunds, row))
    return by_purchase


def people(session: Session, member_ids: Iterable[int]) -> dict[int, Person]:
    """Those of the members whose accounts are open."""
    asked = {"members": sorted(set(member_ids))}
    buyers = set(session.scalars(_BUYERS, asked))
    return {
        row.id: Person(row.birthday, row.id in buyers) for row in session.execute(_PEOPLE, asked)
    }


def _parameters(keys: Collection[Key]) -> dict[str, list[str]]:
    return {
        "sources": sorted({source for source, _ in keys}),
        "external_ids": [external_id for _, external_id in keys],
    }


@cache
def _places(kind: type[Any], table: sa.Table) -> tuple[tuple[str, int], ...]:
    """Where in a row of the table each field of a record stands; rows are many, names are few."""
    columns = table.columns.keys()
    wanted = {one.name for one in fields(kind)}
    return tuple((name, place) for place, name in enumerate(columns) if name in wanted)


def _record(kind: Any, table: sa.Table, row: Any) -> Any:
    return kind(**{name: row[place] for name, place in _places(kind, table)})
