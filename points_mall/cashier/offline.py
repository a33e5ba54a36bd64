"""Sales that a till made without the network: signed by its device, taken in order, each once.

They earn and never spend. What does not come through whole is recorded as far as it can be believed,
without a member, and listed for a manager; its shopper may still claim the receipt.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import canonical_json, db, retrying, transaction
from miniprogram_api.core.errors import NotFound
from miniprogram_api.members.accounts import member_by_no
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.staff import audit

from . import approvals, codes, issuing, receipt_book, receipts, scans
from .codes import Look
from .devices import is_signed
from .errors import (
    CodeExpired,
    CodeUsed,
    DeviceSignatureInvalid,
    MemberBlocked,
    NoSuchConflict,
    OwnAccount,
    ReceiptUsed,
    UnknownCode,
)
from .models import OfflineConflict, Till, TillSale
from .pricing import amount_line
from .receipt_book import Slip
from .tills import Counter, external_id, require_store

OLDEST, NEWEST = timedelta(days=3), timedelta(minutes=5)
"""How long ago a sale may have been made, and how much a till's clock may be ahead."""

_NOBODY = (UnknownCode, CodeExpired, CodeUsed, AccountClosed, MemberBlocked, OwnAccount)
"""Why nobody earns by a sale that was made all the same."""

RECORDED, REPEATED, CONFLICT = "recorded", "repeated", "conflict"
NOT_BELIEVED = "sold_at_not_believed"


@dataclass(frozen=True)
class Offline:
    """A sale as the device signed it; `sold_at` to the letter, what is not there is empty."""

    receipt_no: str
    amount_fen: int
    sold_at: str
    member: str = ""
    receipt_code: str = ""
    tender: str = ""

    def signed(self, till: str) -> dict[str, object]:
        """What the signature is over."""
        return {**asdict(self), "till": till}


@dataclass(frozen=True)
class _Owner:
    """Who earns by a sale; nobody, and why."""

    member_id: int | None = None
    code_hash: str | None = None
    reason: str | None = None


def take_all(counter: Counter, signed: Sequence[tuple[Offline, str]]) -> list[dict[str, Any]]:
    """Take sales in order, each in a transaction of its own; a repeat changes nothing.

    :param signed: each with the signature of the till's device.
    :raises DeviceSignatureInvalid: one of them is not; none is taken.
    :raises RedisAway: a live code cannot be looked at now; what was taken before it is.
    """
    key = db.session.scalar(sa.select(Till.public_key).filter_by(id=counter.till_id))
    for sale, signature in signed:
        if key is None or not is_signed(sale.signed(counter.code), signature, key):
            raise DeviceSignatureInvalid(f"receipt {sale.receipt_no} was not signed by this till")
    return [_take(counter, sale) for sale, _signature in signed]


def open_conflicts(counter: Counter) -> sa.Select[Any]:
    """A query for what a manager has to look at."""
    query = (
        sa.select(
            *(column for column in OfflineConflict.__table__.c if column.name != "told_hash"),
            Till.code.label("till"),
        )
        .join(Till, Till.id == OfflineConflict.till_id)
        .where(OfflineConflict.resolved_at.is_(None))
    )
    store = counter.staff.store
    return query if store is None else query.where(Till.store == store)


@retrying
def resolve(counter: Counter, conflict_id: int, reason: str) -> None:
    """Somebody has looked at a conflict.

    :raises NoSuchConflict: there is none, or it was looked at.
    """
    with transaction() as session:
        row = session.get(
            OfflineConflict, conflict_id, with_for_update=True, populate_existing=True
        )
        if row is None or row.resolved_at is not None:
            raise NoSuchConflict("no open conflict has this number")
        require_store(counter.staff, session.get_one(Till, row.till_id).store)
        row.resolved_at = now()
        audit.record("till.resolve_conflict", f"conflict:{row.id}", reason=reason)


def _take(counter: Counter, sale: Offline) -> dict[str, Any]:
    if (answer := _taken_before(counter, sale)) is not None:
        return answer
    return _record(counter, sale, _owner(counter, sale))


@retrying
def _record(counter: Counter, sale: Offline, owner: _Owner) -> dict[str, Any]:
    with transaction() as session:
        receipt_book.lock(counter, sale.receipt_no, owner.member_id)
        if (answer := _taken_before(counter, sale)) is not None:
            return answer
        owner = _within_limits(counter, sale, _use_code(session, counter, owner))
        body = receipt_book.sell_as_paid(
            counter, (amount_line(sale.amount_fen),), _slip(sale), None, owner.member_id
        )
        if owner.reason is None:
            return _answer(sale, RECORDED, body["sale_no"])
        _note_conflict(session, counter, sale, owner.reason, body["sale_no"])
        return _answer(sale, CONFLICT, body["sale_no"], owner.reason)


def _taken_before(counter: Counter, sale: Offline) -> dict[str, Any] | None:
    """The answer to a receipt that is known; one of another sale is a conflict."""
    row = db.session.scalar(
        sa.select(TillSale).filter_by(till_id=counter.till_id, receipt_no=sale.receipt_no)
    )
    if row is None:
        return None
    if row.is_offline and row.answer["gross_fen"] == sale.amount_fen:
        return _answer(sale, REPEATED, row.sale_no)
    sale_no = row.sale_no
    with transaction() as session:
        _note_conflict(session, counter, sale, ReceiptUsed.code, sale_no)
    return _answer(sale, CONFLICT, sale_no, ReceiptUsed.code)


def _owner(counter: Counter, sale: Offline) -> _Owner:
    """Who earns by a sale, as far as that can be known now."""
    if not sale.member:
        return _Owner()
    text = codes.cleaned(sale.member)
    look, code_hash = codes.look_of(text), None
    try:
        if look is Look.MEMBER_CODE:
            taker = external_id(counter.code, sale.receipt_no)
            taken = issuing.take(text, taker, shown_at=_moment(sale))
            member_id, code_hash = taken.member_id, taken.code_hash
        elif look is Look.MEMBER_NUMBER:
            member_id = member_by_no(text).id
        else:
            return _Owner(reason="not_a_member_code")
        scans.require_welcome(counter, member_id)
    except _NOBODY as refusal:
        return _Owner(reason=refusal.code)
    except NotFound:
        return _Owner(reason=UnknownCode.code)
    return _Owner(member_id, code_hash)


def _use_code(session: Session, counter: Counter, owner: _Owner) -> _Owner:
    """Note that the live code is used; where another sale was first nobody earns."""
    if owner.member_id is None or owner.code_hash is None:
        return owner
    if scans.note_used(session, counter, owner.member_id, owner.code_hash):
        return owner
    return _Owner(reason=CodeUsed.code)


def _within_limits(counter: Counter, sale: Offline, owner: _Owner) -> _Owner:
    if owner.reason is not None:
        return owner
    if not now() - OLDEST <= _moment(sale) <= now() + NEWEST:
        return _Owner(reason=NOT_BELIEVED)
    beyond = approvals.beyond_for_sale(counter, owner.member_id, sale.amount_fen)
    return owner if beyond is None else replace(owner, member_id=None, reason=beyond.limit)


def _slip(sale: Offline) -> Slip:
    """The receipt as it was printed; a code that another receipt has is replaced."""
    sold_at = min(_moment(sale), now())
    is_fresh = codes.is_receipt_code(sale.receipt_code) and not receipts.sale_with_code(
        sale.receipt_code
    )
    code = sale.receipt_code if is_fresh else codes.new_receipt_code()
    sold_at = sold_at if sold_at >= now() - OLDEST else now()
    return Slip(sale.receipt_no, sale.tender or "cash", code, sold_at, is_offline=True)


def _moment(sale: Offline) -> datetime:
    return datetime.fromisoformat(sale.sold_at.upper())


def _note_conflict(
    session: Session, counter: Counter, sale: Offline, reason: str, sale_no: str
) -> None:
    told = asdict(replace(sale, member="", receipt_code=""))  # no code outlives its use
    row = {
        "till_id": counter.till_id,
        "staff_id": counter.staff.staff_id,
        "receipt_no": sale.receipt_no,
        "reason": reason,
        "sale_no": sale_no,
        "told": told,
        "told_hash": hashlib.sha256(canonical_json(told).encode()).hexdigest(),
        "received_at": now(),
    }
    bulk.insert_missing(session, OfflineConflict.__table__, [row])


def _answer(
    sale: Offline, outcome: str, sale_no: str | None, reason: str | None = None
) -> dict[str, Any]:
    return {
        "receipt_no": sale.receipt_no,
        "outcome": outcome,
        "sale_no": sale_no,
        "reason": reason,
    }
