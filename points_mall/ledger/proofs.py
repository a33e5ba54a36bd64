"""What the entries of one account prove, check by check. Pure: no database, no clock.

Every check is what is compared, what is proven, and what is stored. What no entry has sealed yet
cannot be proven, and no check pretends to:

- since when an account is open;
- why, for whom and when a hold was placed, until it is captured; which lot bore what a capture
  left over;
- the causes and dates of an earning that is still pending, or was cancelled; when one was earned;
- that a hold which came to nothing, or a pending earning which did, was ever there;
- surrogate keys to which nothing refers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .entries import Entry, Key, genesis
from .lots import Lot, Share, first, payment_order, without
from .models import DrawKind, HoldState, PendingState
from .reasons import EXPIRY, RESTORATION, REVERSAL

Check = tuple[str, object, object]
"""What is compared, what the entries prove, what is stored."""


@dataclass
class Stored:
    """Everything that is stored of one account; entries by number, draws and lots by id."""

    row: Any
    entries: list[Entry]
    lots: dict[int, Lot]
    draws: list[Any]
    holds: list[Any]
    parts: dict[int, list[Any]]
    pendings: list[Any]

    @cached_property
    def by_id(self) -> dict[int, Entry]:
        """The entries by their id."""
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def by_key(self) -> dict[Key, Entry]:
        """The entries by reason and reference."""
        return {(entry.reason, entry.reference): entry for entry in self.entries}

    @cached_property
    def draws_of(self) -> dict[int, list[Any]]:
        """The draws by the entry that made them."""
        return _grouped(self.draws, "entry_id")

    @cached_property
    def lots_of(self) -> dict[int, list[Lot]]:
        """The lots by the entry that opened them."""
        return _grouped(self.lots.values(), "entry_id")


def checks(account: Stored) -> Iterator[Check]:
    """Everything that is compared of one account."""
    yield from _chain(account)
    yield from _belongs_together(account)
    yield from _lots_and_debt_move(account)
    yield from _lots_remain(account)
    yield from _restored_where_drawn(account)
    yield from _drawn_in_time(account)
    yield from _holds(account)
    yield from _pendings(account)
    yield from _figures(account)


def _chain(account: Stored) -> Iterator[Check]:
    """Entries are numbered without a gap, each sealed over the one before it."""
    balance, previous = 0, genesis(account.row.member_id)
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


def _belongs_together(account: Stored) -> Iterator[Check]:
    """Lots, draws and parts of holds refer to nothing outside of the account."""
    for lot in account.lots.values():
        opened_by = account.by_id.get(lot.entry_id)
        gives = opened_by is not None and opened_by.points > 0
        yield f"lot {lot.id}: opened by an entry that gives", True, gives
        restored = opened_by is not None and opened_by.reverses_id is not None
        if opened_by is not None:
            yield f"lot {lot.id}: expires_at", opened_by.expires_at, lot.expires_at
        yield f"lot {lot.id}: opened by a restoration", lot.restores_id is not None, restored
    for draw in account.draws:
        entry = account.by_id.get(draw.entry_id)
        yield f"draw {draw.id}: kind", entry and _kind(entry, draw.points), draw.kind
    for hold in account.holds:
        lots = {part.lot_id for part in account.parts[hold.id]}
        yield f"hold {hold.id}: lots elsewhere", set(), lots - account.lots.keys()


def _kind(entry: Entry, points: int) -> DrawKind:
    """What a draw of that entry must be for."""
    if entry.points > 0:
        return DrawKind.REPAY if points > 0 else DrawKind.RESTORE
    return {EXPIRY.code: DrawKind.EXPIRE, REVERSAL.code: DrawKind.REVERSE}.get(
        entry.reason, DrawKind.SPEND
    )


def _lots_and_debt_move(account: Stored) -> Iterator[Check]:
    """Lots and debt move by the points of each entry; what comes in repays what is owed first."""
    debt = 0
    for entry in account.entries:
        where, draws = f"entry {entry.id}", account.draws_of[entry.id]
        repaid = sum(draw.points for draw in draws if draw.kind == DrawKind.REPAY)
        drawn = sum(draw.points for draw in draws) - repaid
        moved = sum(lot.granted for lot in account.lots_of[entry.id]) - drawn
        owed = moved - entry.points if entry.reason == REVERSAL.code else 0
        yield f"{where}: new debt", max(owed, 0), owed
        yield f"{where}: lots moved", entry.points, moved - owed
        yield f"{where}: debt repaid", max(0, min(debt, entry.points)), repaid
        debt += owed - repaid
    yield "debt", debt, account.row.debt


def _lots_remain(account: Stored) -> Iterator[Check]:
    drawn: dict[int, int] = defaultdict(int)
    for draw in account.draws:
        drawn[draw.lot_id] += draw.points
    for lot in account.lots.values():
        yield f"lot {lot.id}: remaining", lot.granted - drawn[lot.id], lot.remaining
    remaining = sum(lot.remaining for lot in account.lots.values())
    yield "available + held", remaining, account.row.available + account.row.held


def _restored_where_drawn(account: Stored) -> Iterator[Check]:
    """Restorations put back what was drawn last, in its lot or in one that stands in for it."""
    left: dict[int | None, list[Share]] = {}
    for entry in account.entries:
        if entry.reason != RESTORATION.code:
            continue
        drawn = account.draws_of[entry.reverses_id or 0]
        spent = [Share(account.lots[draw.lot_id], draw.points) for draw in drawn]
        outstanding = left.get(entry.reverses_id, spent)
        back = first(outstanding[::-1], entry.points)
        left[entry.reverses_id] = without(outstanding, back)
        found = {lot.restores_id: lot.granted for lot in account.lots_of[entry.id]}
        for draw in account.draws_of[entry.id]:
            if draw.kind == DrawKind.RESTORE:
                found[draw.lot_id] = found.get(draw.lot_id, 0) - draw.points
        yield f"entry {entry.id}: put back by lot", _by_lot(back), found


def _drawn_in_time(account: Stored) -> Iterator[Check]:
    """A lot pays while it is open, and expires afterwards; a capture pays what was set aside."""
    held = {(hold.reason, hold.reference) for hold in account.holds}
    for draw in account.draws:
        lot, entry = account.lots[draw.lot_id], account.by_id.get(draw.entry_id)
        if entry is None or (entry.reason, entry.reference) in held:
            continue
        if draw.kind in {DrawKind.SPEND, DrawKind.RESTORE, DrawKind.EXPIRE}:
            is_open = draw.kind != DrawKind.EXPIRE
            yield f"draw {draw.id}: lot is open", is_open, lot.is_open(entry.occurred_at)
    for lot in account.lots.values():
        opened_by, restored = (
            account.by_id.get(lot.entry_id),
            account.lots.get(lot.restores_id or 0),
        )
        if opened_by is not None and restored is not None:
            was_open = restored.is_open(opened_by.occurred_at)
            yield f"lot {lot.id}: stands in for an open lot", False, was_open


def _holds(account: Stored) -> Iterator[Check]:
    set_aside: dict[int, int] = defaultdict(int)
    for hold in account.holds:
        parts = account.parts[hold.id]
        yield f"hold {hold.id}: parts", sum(part.points for part in parts), hold.points
        yield f"hold {hold.id}: closed as {hold.state}", True, _closed_as_it_says(hold)
        if hold.state == HoldState.OPEN:
            for part in parts:
                set_aside[part.lot_id] += part.points
        if hold.state == HoldState.CAPTURED:
            yield from _captured(account, hold)
    for lot in account.lots.values():
        yield f"lot {lot.id}: held", set_aside[lot.id], lot.held
    yield "held", sum(set_aside.values()), account.row.held


def _closed_as_it_says(hold: Any) -> bool:
    if hold.state == HoldState.OPEN:
        return hold.closed_at is None and hold.captured_points == 0
    if hold.closed_at is None or (hold.captured_points > 0) != (hold.state == HoldState.CAPTURED):
        return False
    in_time = bool(hold.closed_at < hold.expires_at)
    return in_time == (hold.state in {HoldState.CAPTURED, HoldState.VOIDED})


def _captured(account: Stored, hold: Any) -> Iterator[Check]:
    """The entry of a capture spends what the hold had set aside, soonest to expire first."""
    entry = account.by_key.get((hold.reason, hold.reference))
    stored = (-hold.captured_points, hold.counterparty, hold.closed_at)
    proven = entry and (entry.points, entry.counterparty, entry.occurred_at)
    yield f"hold {hold.id}: captured", proven, stored
    parts = [
        Share(account.lots[part.lot_id], part.points)
        for part in account.parts[hold.id]
        if part.lot_id in account.lots
    ]
    parts.sort(key=lambda part: payment_order(part.lot))
    drawn = {draw.lot_id: draw.points for draw in account.draws_of[entry.id]} if entry else {}
    spent = _by_lot(first(parts, hold.captured_points))
    yield f"hold {hold.id}: spent by lot", drawn, spent


def _pendings(account: Stored) -> Iterator[Check]:
    waiting = 0
    for item in account.pendings:
        left = item.points - item.cancelled_points
        if item.state == PendingState.PENDING:
            waiting += left
        entry = account.by_key.get((item.reason, item.reference))
        where = f"pending earning {item.id}"
        yield f"{where}: cancelled", left == 0, item.state == PendingState.CANCELLED
        yield f"{where}: matured", entry is not None, item.state == PendingState.MATURED
        if entry is not None:
            yield from _matured(item, entry)
    yield "pending", waiting, account.row.pending


def _matured(item: Any, entry: Entry) -> Iterator[Check]:
    """What an earning said while it waited is what its entry says."""
    where = f"pending earning {item.id}"
    yield f"{where}: points", entry.points, item.points - item.cancelled_points
    yield f"{where}: counterparty", entry.counterparty, item.counterparty
    yield f"{where}: explanation", entry.explanation, item.explanation
    yield f"{where}: actor", entry.actor, item.actor
    yield f"{where}: was due", True, item.matures_at <= entry.occurred_at
    yield f"{where}: expires_at", entry.expires_at, item.expires_at


def _figures(account: Stored) -> Iterator[Check]:
    balance = sum(entry.points for entry in account.entries)
    stored = account.row.available + account.row.held - account.row.debt
    yield "available + held - debt", balance, stored
    earned = sum(e.points for e in account.entries if e.points > 0 and e.reverses_id is None)
    yield "lifetime_earned", earned, account.row.lifetime_earned


def _by_lot(shares: Iterable[Share]) -> dict[int, int]:
    return {lot.id: points for lot, points in shares}


def _grouped(items: Iterable[Any], name: str) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for item in items:
        groups[getattr(item, name)].append(item)
    return groups
