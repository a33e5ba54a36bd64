"""Proof: replays every account from its entries and compares whatever is cached or derived.

Reads only; works through the accounts in batches, so memory does not grow with their number.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among

from .entries import GENESIS, Entry
from .models import (
    HoldPart,
    HoldState,
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PendingState,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from .reloading import to_entry

BATCH = 200

accounts = PointsAccount.__table__
entries = LedgerEntry.__table__
lots = PointsLot.__table__
draws = LotDraw.__table__
holds = PointsHold.__table__
parts = HoldPart.__table__
pendings = PendingEarning.__table__


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, what the entries prove, and what is stored instead."""

    account_id: int
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return (
            f"account {self.account_id}: {self.what}:"
            f" the entries prove {self.expected}, stored is {self.found}"
        )


@dataclass
class _Account:
    """Everything that is stored of one account."""

    row: Any
    entries: list[Entry]
    lots: dict[int, Any]
    draws: list[Any]
    holds: list[Any]
    parts: dict[int, list[Any]]
    pendings: list[Any]


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, account by account; nothing when the ledger is right."""
    last_id = 0
    while rows := session.execute(
        sa.select(accounts).where(accounts.c.id > last_id).order_by(accounts.c.id).limit(BATCH)
    ).all():
        for account in _load(session, rows):
            yield from _check(account)
        last_id = rows[-1].id


def _load(session: Session, rows: Any) -> Iterator[_Account]:
    ids = {"accounts": [row.id for row in rows]}

    def of_accounts(table: Any) -> dict[int, list[Any]]:
        query = sa.select(table).where(among(table.c.account_id, "accounts")).order_by(table.c.id)
        return _grouped(session.execute(query, ids), "account_id")

    by_account = {table: of_accounts(table) for table in (entries, lots, holds, pendings)}
    own_draws = _grouped(
        session.execute(
            sa.select(draws, lots.c.account_id)
            .join(lots, lots.c.id == draws.c.lot_id)
            .where(among(lots.c.account_id, "accounts"))
            .order_by(draws.c.id),
            ids,
        ),
        "account_id",
    )
    own_parts = _grouped(
        session.execute(
            sa.select(parts)
            .join(holds, holds.c.id == parts.c.hold_id)
            .where(among(holds.c.account_id, "accounts")),
            ids,
        ),
        "hold_id",
    )
    for row in rows:
        stored = sorted(map(to_entry, by_account[entries][row.id]), key=lambda entry: entry.seq)
        yield _Account(
            row,
            stored,
            {lot.id: lot for lot in by_account[lots][row.id]},
            own_draws[row.id],
            by_account[holds][row.id],
            own_parts,
            by_account[pendings][row.id],
        )


def _grouped(rows: Any, name: str) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return groups


def _check(account: _Account) -> Iterator[Finding]:
    for what, expected, found in (
        *_chain(account),
        *_draws_fund_entries(account),
        *_lots_remain(account),
        *_holds(account),
        *_figures(account),
    ):
        if expected != found:
            yield Finding(account.row.id, what, expected, found)


Check = tuple[str, object, object]
"""What is compared, what the entries prove, what is stored."""


def _chain(account: _Account) -> Iterator[Check]:
    """Entries are numbered without a gap, each sealed over the one before it."""
    balance, previous = 0, GENESIS
    for number, entry in enumerate(account.entries, start=1):
        balance += entry.points
        where = f"entry {entry.id}"
        yield f"{where}: seq", number, entry.seq
        yield f"{where}: balance_after", balance, entry.balance_after
        yield f"{where}: prev_hash", previous, entry.prev_hash
        yield f"{where}: hash", entry.sealed(account.row.id), entry.hash
        previous = entry.hash
    yield "last_seq", len(account.entries), account.row.last_seq
    yield "last_hash", previous, account.row.last_hash


def _draws_fund_entries(account: _Account) -> Iterator[Check]:
    """A spending or expiring entry is what it drew; any entry moves lots and debt by its points."""
    drawn: dict[int, int] = defaultdict(int)
    for draw in account.draws:
        drawn[draw.entry_id] += draw.points
    granted: dict[int, int] = defaultdict(int)
    for lot in account.lots.values():
        granted[lot.entry_id] += lot.granted
    debt = 0
    for entry in account.entries:
        moved = granted[entry.id] - drawn[entry.id]
        owed = moved - entry.points  # above zero: new debt; below zero: debt repaid
        may_owe = entry.points < 0 and entry.reverses_id is not None
        may_repay = entry.points > 0
        fits = owed == 0 or (owed > 0 and may_owe) or (owed < 0 and may_repay)
        yield f"entry {entry.id}: lots moved", entry.points, entry.points if fits else moved
        debt += owed
    yield "debt", debt, account.row.debt


def _lots_remain(account: _Account) -> Iterator[Check]:
    drawn: dict[int, int] = defaultdict(int)
    for draw in account.draws:
        drawn[draw.lot_id] += draw.points
    for lot in account.lots.values():
        yield f"lot {lot.id}: remaining", lot.granted - drawn[lot.id], lot.remaining
    remaining = sum(lot.remaining for lot in account.lots.values())
    yield "available + held", remaining, account.row.available + account.row.held


def _holds(account: _Account) -> Iterator[Check]:
    set_aside: dict[int, int] = defaultdict(int)
    for hold in account.holds:
        of_hold = account.parts[hold.id]
        yield f"hold {hold.id}: parts", sum(part.points for part in of_hold), hold.points
        if hold.state == HoldState.OPEN:
            for part in of_hold:
                set_aside[part.lot_id] += part.points
        captured = [e for e in account.entries if (e.reason, e.reference) == _key(hold)]
        spent = -sum(entry.points for entry in captured)
        yield f"hold {hold.id}: captured", spent, hold.captured_points
    for lot in account.lots.values():
        yield f"lot {lot.id}: held", set_aside[lot.id], lot.held
    yield "held", sum(set_aside.values()), account.row.held


def _key(row: Any) -> tuple[str, str]:
    return row.reason, row.reference


def _figures(account: _Account) -> Iterator[Check]:
    balance = sum(entry.points for entry in account.entries)
    stored = account.row.available + account.row.held - account.row.debt
    yield "available + held - debt", balance, stored
    earned = sum(e.points for e in account.entries if e.points > 0 and e.reverses_id is None)
    yield "lifetime_earned", earned, account.row.lifetime_earned
    by_key = {(entry.reason, entry.reference): entry.points for entry in account.entries}
    waiting = 0
    for item in account.pendings:
        left = item.points - item.cancelled_points
        if item.state == PendingState.PENDING:
            waiting += left
        matured = by_key.get(_key(item), 0)
        expected = left if item.state == PendingState.MATURED else 0
        yield f"pending earning {item.id}: entry", expected, matured
    yield "pending", waiting, account.row.pending
