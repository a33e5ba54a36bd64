"""Posting to the ledger. Every function here works inside the caller's transaction.

`post` takes any list of movements; the single verbs are lists of one.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from miniprogram_api.core import clock
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import settings

from . import loading
from .book import Book
from .movements import (
    Capture,
    Credit,
    Debit,
    Explanation,
    Hold,
    Movement,
    Posted,
    Restore,
    Reverse,
    Void,
)
from .reasons import Reason
from .writing import write


def post(movements: Sequence[Movement]) -> list[Posted | DomainError]:
    """Post `movements` on any number of accounts, in a constant number of SQL statements.

    They are applied in order. One that is refused changes nothing and its error stands in its
    place; the others are posted. A repeat answers with the first entry. Accounts are locked in id
    order until the transaction ends.
    """
    if not movements:
        return []
    session = current_transaction()
    grace = timedelta(days=settings().points_restore_grace_days)
    books = loading.open_books(session, movements, clock.now(), grace)
    for book in books.values():
        book.release_expired_holds()
    answers = [_apply(books[movement.member_id], movement) for movement in movements]
    write(session, books.values())
    return answers


def lock_accounts(member_ids: Iterable[int]) -> None:
    """Lock the members' accounts, in id order, before deciding what to post on them."""
    loading.lock_accounts(current_transaction(), member_ids, clock.now())


def credit(
    member_id: int,
    points: int,
    *,
    reason: Reason,
    reference: str,
    expires_at: datetime | None = None,
    matures_at: datetime | None = None,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> Posted:
    """Give `points` as a new lot; a debt is repaid out of it first."""
    return _post_one(
        Credit(member_id, points, reason, reference, expires_at, matures_at, explanation, actor)
    )


def debit(
    member_id: int,
    points: int,
    *,
    reason: Reason,
    reference: str,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> Posted:
    """Take `points` from the member's lots, soonest to expire first.

    :raises InsufficientPoints: the member can spend fewer.
    """
    return _post_one(Debit(member_id, points, reason, reference, explanation, actor))


def hold(
    member_id: int, points: int, *, reason: Reason, reference: str, expires_at: datetime
) -> Posted:
    """Set `points` aside until they are captured or voided, or until `expires_at`.

    :raises InsufficientPoints: the member can spend fewer.
    """
    return _post_one(Hold(member_id, points, reason, reference, expires_at))


def capture(
    member_id: int,
    *,
    reason: Reason,
    reference: str,
    points: int | None = None,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> Posted:
    """Spend what the hold set aside, or `points` of it; the rest goes back to its lots.

    :raises HoldClosed: it was voided or has expired.
    """
    return _post_one(Capture(member_id, reason, reference, points, explanation, actor))


def void(member_id: int, *, reason: Reason, reference: str) -> Posted:
    """Give back what the hold set aside.

    :raises HoldClosed: it was captured.
    """
    return _post_one(Void(member_id, reason, reference))


def reverse(
    member_id: int,
    *,
    reason: Reason,
    reference: str,
    refunded: int,
    paid: int,
    by: str,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> Posted:
    """Take back what an earning gave, in the measure `refunded` of `paid`; see `Reverse`.

    Never refused for lack of points: what is missing becomes debt.

    :raises NoSuchEntry: nothing was earned under this reason and reference.
    """
    return _post_one(Reverse(member_id, reason, reference, refunded, paid, by, explanation, actor))


def restore(
    member_id: int,
    *,
    reason: Reason,
    reference: str,
    by: str,
    points: int | None = None,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> Posted:
    """Put what a debit spent, or `points` of it, back into the lots it came from.

    :raises NoSuchEntry: nothing was spent under this reason and reference.
    """
    return _post_one(Restore(member_id, reason, reference, by, points, explanation, actor))


def _apply(book: Book, movement: Movement) -> Posted | DomainError:
    try:
        return book.apply(movement)
    except DomainError as refusal:
        return refusal


def _post_one(movement: Movement) -> Posted:
    (answer,) = post([movement])
    if isinstance(answer, DomainError):
        raise answer
    return answer
