"""Posting to wallets. Every function here works inside the caller's transaction.

`post` takes any list of movements; the single verbs are lists of one. Wallets are locked after the
points accounts, never before.
"""

from collections.abc import Iterable, Sequence

from miniprogram_api.core import clock
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError

from . import loading
from .book import Book
from .figures import Figures
from .movements import (
    Credit,
    Debit,
    Explanation,
    Movement,
    Part,
    Restore,
    Reverse,
    WalletPosted,
)
from .reasons import Reason
from .writing import write


def post(movements: Sequence[Movement]) -> list[WalletPosted | DomainError]:
    """Post `movements` on any number of wallets, in a constant number of SQL statements.

    They are applied in order. One that is refused changes nothing and its error stands in its
    place; the others are posted. A repeat answers with the first entry. Wallets are locked in the
    order of their members' ids until the transaction ends.
    """
    if not movements:
        return []
    session = current_transaction()
    books = loading.open_books(session, movements, clock.now())
    answers = [_apply(books[movement.member_id], movement) for movement in movements]
    write(session, books.values())
    return answers


def lock_accounts(member_ids: Iterable[int]) -> dict[int, Figures]:
    """Lock the members' wallets, in the order of their ids, before deciding what to post on them.

    :returns: what each of them holds, by member.
    """
    rows = loading.lock_accounts(current_transaction(), member_ids, clock.now())
    return {row.member_id: loading.to_figures(row) for row in rows}


def credit(
    member_id: int,
    principal_fen: int = 0,
    bonus_fen: int = 0,
    *,
    reason: Reason,
    reference: str,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> WalletPosted:
    """Give principal, bonus or both; a debt is repaid out of it first."""
    return _post_one(
        Credit(member_id, principal_fen, bonus_fen, reason, reference, explanation, actor)
    )


def debit(
    member_id: int,
    amount_fen: int,
    *,
    reason: Reason,
    reference: str,
    explanation: Explanation | None = None,
    actor: str = "system",
    only: Part | None = None,
) -> WalletPosted:
    """Take `amount_fen`, bonus first, then principal; with `only`, of that part alone.

    :raises InsufficientBalance: the wallet has less.
    """
    return _post_one(Debit(member_id, amount_fen, reason, reference, explanation, actor, only))


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
) -> WalletPosted:
    """Take back what a credit gave, in the measure `refunded` of `paid`; see `Reverse`.

    Never refused for lack of money: what is missing becomes debt.

    :raises NoSuchWalletEntry: nothing was given under this reason and reference.
    """
    return _post_one(Reverse(member_id, reason, reference, refunded, paid, by, explanation, actor))


def restore(
    member_id: int,
    *,
    reason: Reason,
    reference: str,
    by: str,
    refunded: int,
    paid: int,
    explanation: Explanation | None = None,
    actor: str = "system",
) -> WalletPosted:
    """Give back what a debit took, in the measure `refunded` of `paid`; see `Restore`.

    :raises NoSuchWalletEntry: nothing was taken under this reason and reference.
    """
    return _post_one(Restore(member_id, reason, reference, by, refunded, paid, explanation, actor))


def _apply(book: Book, movement: Movement) -> WalletPosted | DomainError:
    try:
        return book.apply(movement)
    except DomainError as refusal:
        return refusal


def _post_one(movement: Movement) -> WalletPosted:
    (answer,) = post([movement])
    if isinstance(answer, DomainError):
        raise answer
    return answer
