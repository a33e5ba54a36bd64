"""The ledger as it is looked through: entries of everybody, one account, one entry whole. Reads only.

Every query follows an index and a key, so that ten million entries are as quick as ten.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member

from .entries import genesis
from .errors import NoSuchEntry
from .models import HoldPart, LedgerEntry, LotDraw, PointsAccount, PointsHold, PointsLot
from .reloading import to_entry

MOST_SHOWN = 50
"""How many draws or reversals of one entry are shown."""

_entries = LedgerEntry.__table__


@dataclass(frozen=True)
class Head:
    """An account's own figures, and whether the end of its chain of hashes is whole."""

    account: PointsAccount
    open_lots: int
    is_sealed: bool

    @property
    def balance(self) -> int:
        """The sum of the entries, as the account keeps it."""
        return self.account.available + self.account.held - self.account.debt


@dataclass(frozen=True)
class Whole:
    """An entry with what it did: the lots that it opened, what it drew on, who drew on those lots.

    :param funded: draws of other entries on the lots that this one opened.
    """

    entry: LedgerEntry
    member: Member
    is_sealed: bool
    undone: LedgerEntry | None
    undone_by: Sequence[LedgerEntry]
    lots: Sequence[PointsLot]
    draws: Sequence[Any]
    funded: Sequence[Any]


def latest(
    conditions: Iterable[sa.ColumnElement[bool]], *, after: int | None, limit: int
) -> Sequence[Any]:
    """Entries of the whole ledger that fit, the latest first.

    :param after: the id of the last entry of the page before.
    """
    query = sa.select(_entries).where(*conditions)
    if after is not None:
        query = query.where(*_before(after))
    order = (LedgerEntry.occurred_at.desc(), LedgerEntry.id.desc())
    return db.session.execute(query.order_by(*order).limit(limit)).all()


def _before(entry_id: int) -> list[sa.ColumnElement[bool]]:
    """What comes after an entry in a list whose latest come first."""
    at = db.session.scalar(sa.select(LedgerEntry.occurred_at).filter_by(id=entry_id))
    if at is None:
        return [sa.false()]
    place = sa.tuple_(sa.literal(at, LedgerEntry.occurred_at.type), sa.literal(entry_id))
    return [sa.tuple_(LedgerEntry.occurred_at, LedgerEntry.id) < place]


def numbers_of(account_ids: Iterable[int]) -> Mapping[int, str]:
    """The member numbers of accounts."""
    query = (
        sa.select(PointsAccount.id, Member.member_no)
        .join(Member, Member.id == PointsAccount.member_id)
        .where(PointsAccount.id.in_(set(account_ids)))
    )
    return {row.id: row.member_no for row in db.session.execute(query)}


def account_of(member_id: int) -> PointsAccount | None:
    """The member's account; None: it was not opened yet."""
    return db.session.scalar(sa.select(PointsAccount).filter_by(member_id=member_id))


def head_of(account: PointsAccount) -> Head:
    """The account at a glance."""
    open_lots = sa.select(sa.func.count(PointsLot.id)).where(
        PointsLot.account_id == account.id, PointsLot.remaining > 0
    )
    return Head(account, db.session.scalar(open_lots) or 0, _ends_sealed(account))


def _ends_sealed(account: PointsAccount) -> bool:
    """Whether the last entry is the one that the account names, and its hash covers it."""
    if account.last_seq == 0:
        return account.last_hash == genesis(account.member_id)
    last = db.session.scalar(
        sa.select(LedgerEntry).filter_by(account_id=account.id, seq=account.last_seq)
    )
    return last is not None and last.hash == account.last_hash and _is_sealed(last)


def _is_sealed(entry: LedgerEntry) -> bool:
    return to_entry(entry).sealed(entry.account_id) == entry.hash


def lots_of(account_id: int) -> sa.Select[*tuple[Any, ...]]:
    """Lots of an account with the entries that opened them; `PointsLot.id` orders them."""
    return (
        sa.select(
            PointsLot.id, PointsLot.entry_id, PointsLot.restores_id, PointsLot.granted,
            PointsLot.remaining, PointsLot.held, PointsLot.expires_at,
            LedgerEntry.reason, LedgerEntry.occurred_at,
        )
        .join(LedgerEntry, LedgerEntry.id == PointsLot.entry_id)
        .where(PointsLot.account_id == account_id)
    )  # fmt: skip


def holds_of(account_id: int) -> sa.Select[PointsHold]:
    """Holds of an account, whatever became of them; `PointsHold.id` orders them."""
    return sa.select(PointsHold).filter_by(account_id=account_id)


def parts_of(hold_ids: Sequence[int]) -> Mapping[int, list[tuple[int, int]]]:
    """In which lots holds have set points aside: lot and points, by hold."""
    found: dict[int, list[tuple[int, int]]] = {}
    query = sa.select(HoldPart).where(HoldPart.hold_id.in_(hold_ids)).order_by(HoldPart.lot_id)
    for part in db.session.scalars(query):
        found.setdefault(part.hold_id, []).append((part.lot_id, part.points))
    return found


def draws_of(entry_ids: Sequence[int]) -> Mapping[int, list[Any]]:
    """Which lots entries drew on, and which entries had opened those; by entry."""
    found: dict[int, list[Any]] = {}
    for row in db.session.execute(_draws().where(LotDraw.entry_id.in_(entry_ids))):
        found.setdefault(row.entry_id, []).append(row)
    return found


def whole(entry_id: int) -> Whole:
    """One entry, with everything that it did.

    :raises NoSuchEntry: there is none.
    """
    entry = db.session.get(LedgerEntry, entry_id)
    if entry is None:
        raise NoSuchEntry(f"no entry {entry_id}")
    member = sa.select(Member).join(PointsAccount, PointsAccount.member_id == Member.id)
    opened = sa.select(PointsLot).filter_by(entry_id=entry.id).order_by(PointsLot.id)
    lots = db.session.scalars(opened).all()
    undone_by = sa.select(LedgerEntry).filter_by(reverses_id=entry.id).order_by(LedgerEntry.id)
    return Whole(
        entry,
        db.session.scalars(member.where(PointsAccount.id == entry.account_id)).one(),
        _is_sealed(entry),
        db.session.get(LedgerEntry, entry.reverses_id) if entry.reverses_id else None,
        db.session.scalars(undone_by.limit(MOST_SHOWN)).all(),
        lots,
        draws_of([entry.id]).get(entry.id, []),
        _funded_by([lot.id for lot in lots]),
    )


def _draws() -> sa.Select[*tuple[Any, ...]]:
    """Draws with the lots that they are on, and the entries that had opened those."""
    return (
        sa.select(
            LotDraw.id, LotDraw.entry_id, LotDraw.lot_id, LotDraw.kind, LotDraw.points,
            PointsLot.entry_id.label("opened_by"), LedgerEntry.reason, LedgerEntry.occurred_at,
            PointsLot.expires_at,
        )
        .join(PointsLot, PointsLot.id == LotDraw.lot_id)
        .join(LedgerEntry, LedgerEntry.id == PointsLot.entry_id)
        .order_by(LotDraw.id)
    )  # fmt: skip


def _funded_by(lot_ids: Sequence[int]) -> Sequence[Any]:
    query = (
        sa.select(
            LotDraw.entry_id, LotDraw.lot_id, LotDraw.kind, LotDraw.points,
            LedgerEntry.reason, LedgerEntry.occurred_at,
        )
        .join(LedgerEntry, LedgerEntry.id == LotDraw.entry_id)
        .where(LotDraw.lot_id.in_(lot_ids))
        .order_by(LotDraw.id.desc())
        .limit(MOST_SHOWN)
    )  # fmt: skip
    return db.session.execute(query).all() if lot_ids else []
