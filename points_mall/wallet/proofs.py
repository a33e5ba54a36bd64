"""What the entries of one wallet prove, check by check. Pure: no database, no clock.

Every check is what is compared, what is proven, and what is stored. Since when a wallet is open
cannot be proven, nor can the numbers that the database gives to rows.
"""

from collections.abc import Iterator, Sequence

from .entries import Entry, genesis
from .figures import Figures
from .reasons import REFUND, REVERSAL

Check = tuple[str, object, object]
"""What is compared, what the entries prove, what is stored."""


def checks(
    member_id: int, entries: Sequence[Entry], figures: Figures, last_seq: int, last_hash: str
) -> Iterator[Check]:
    """Everything that is compared of one wallet; its entries by their numbers."""
    replayed, previous = Figures(), genesis(member_id)
    for number, entry in enumerate(entries, start=1):
        before, replayed = replayed, replayed.moved(entry.principal_fen, entry.bonus_fen)
        where = f"entry {entry.seq}"
        yield f"{where}: seq", number, entry.seq
        yield f"{where}: figures after", tuple(replayed), tuple(entry.after)
        yield f"{where}: prev_hash", previous, entry.prev_hash
        yield f"{where}: hash", entry.sealed(), entry.hash
        if entry.takes:
            yield f"{where}: could be paid", True, _could_pay(before, entry)
        previous = entry.hash
    yield "figures", tuple(replayed), tuple(figures)
    yield "last_seq", len(entries), last_seq
    yield "last_hash", previous, last_hash
    yield from _undone(entries)


def _could_pay(before: Figures, entry: Entry) -> bool:
    """Only what a refund takes back may be missing; whatever else takes, takes what is there."""
    return before.principal_fen >= -entry.principal_fen and before.bonus_fen >= -entry.bonus_fen


def _undone(entries: Sequence[Entry]) -> Iterator[Check]:
    """Refunds undo an earlier entry of the right sort, the other way, and never more than all."""
    by_seq = {entry.seq: entry for entry in entries}
    left: dict[int, tuple[int, int]] = {}
    for entry in entries:
        where = f"entry {entry.seq}"
        is_undo = entry.reason in {REFUND.code, REVERSAL.code}
        yield f"{where}: undoes something", is_undo, entry.undoes_seq is not None
        if entry.undoes_seq is None:
            continue
        undone = by_seq.get(entry.undoes_seq)
        if undone is None or undone.seq >= entry.seq:
            yield f"{where}: undoes an earlier entry", True, False
            continue
        is_right = undone.gives if entry.reason == REVERSAL.code else undone.takes
        yield f"{where}: undoes entry {undone.seq}", True, is_right
        was = left.get(undone.seq, (undone.principal_fen, undone.bonus_fen))
        now = was[0] + entry.principal_fen, was[1] + entry.bonus_fen
        yield f"{where}: undoes no more than there was", True, _is_within(undone, now)
        left[undone.seq] = now


def _is_within(undone: Entry, left: tuple[int, int]) -> bool:
    """What is left of an entry lies between all of it and nothing."""
    return all(
        min(0, whole) <= part <= max(0, whole)
        for whole, part in zip((undone.principal_fen, undone.bonus_fen), left, strict=True)
    )
