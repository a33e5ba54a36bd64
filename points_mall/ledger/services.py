"""What the ledger does on its own account: each function is one transaction, or one per batch."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError

from . import posting
from .models import (
    HoldState,
    PendingEarning,
    PendingState,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from .movements import Debit, Expire, Mature, Movement, Posted, Reverse, Void
from .reasons import ADJUSTMENT, CLOSURE, Reason
from .statements import summary
from .validity import expiry_of_points

AnySelect = sa.Select[*tuple[Any, ...]]

BATCH = 500
"""Movements in one transaction of a job: large enough to be quick, small enough to let others in."""


def open_account(member_id: int, **_facts: object) -> None:
    """Give a new member an account, in the transaction that enrols."""
    posting.lock_accounts([member_id])


@retrying
def adjust(
    member_id: int,
    points: int,
    *,
    why: str,
    reference: str,
    actor: str,
    approved_by: str | None = None,
) -> Posted:
    """Give (above zero) or take (below zero) points by hand; a debt is forgiven by giving.

    :param why: for people; kept in the entry for ever, as is who approved.
    :raises InsufficientPoints: there are fewer to take.
    """
    explanation = {"why": why} if approved_by is None else {"why": why, "approved_by": approved_by}
    with transaction():
        if points < 0:
            return posting.debit(
                member_id,
                -points,
                reason=ADJUSTMENT,
                reference=reference,
                explanation=explanation,
                actor=actor,
            )
        return posting.credit(
            member_id,
            points,
            reason=ADJUSTMENT,
            reference=reference,
            expires_at=expiry_of_points(now()),
            explanation=explanation,
            actor=actor,
        )


def forfeit(member_id: int, **_facts: object) -> None:
    """Let everything go, in the transaction that closes the account: holds, pending, points."""
    with transaction() as session:
        posting.lock_accounts([member_id])
        held, pending = _open_items(session, member_id)
        undo: list[Movement] = [
            *(Void(member_id, _reason(row), row.reference) for row in held),
            *(
                Reverse(member_id, _reason(row), row.reference, 1, 1, f"closure:{row.id}")
                for row in pending
            ),
        ]
        posting.post(undo)
        if left := summary(member_id).available:
            posting.post([Debit(member_id, left, CLOSURE, "closure")])


def _open_items(session: Session, member_id: int) -> tuple[Sequence[Any], Sequence[Any]]:
    account = sa.select(PointsAccount.id).filter_by(member_id=member_id).scalar_subquery()
    held = sa.select(PointsHold).filter_by(account_id=account, state=HoldState.OPEN)
    pending = sa.select(PendingEarning).filter_by(account_id=account, state=PendingState.PENDING)
    return session.scalars(held).all(), session.scalars(pending).all()


def _reason(row: Any) -> Reason:
    return Reason(row.reason, "", "", row.counterparty, may_mature=True)


def expire_points() -> int:
    """Take what is left of lots past their expiry; answer how many lots."""
    query = (
        sa.select(PointsAccount.member_id, PointsLot.id.label("lot_id"))
        .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
        .where(PointsLot.expires_at <= now(), PointsLot.remaining > PointsLot.held)
        .order_by(PointsLot.expires_at)
    )
    return _in_batches(query, lambda row: Expire(row.member_id, row.lot_id))


def mature_earnings() -> int:
    """Let pending earnings count that have reached their maturity; answer how many."""
    query = (
        sa.select(PointsAccount.member_id, PendingEarning.reason, PendingEarning.reference)
        .join(PointsAccount, PointsAccount.id == PendingEarning.account_id)
        .where(PendingEarning.state == PendingState.PENDING, PendingEarning.matures_at <= now())
        .order_by(PendingEarning.matures_at)
    )
    return _in_batches(query, lambda row: Mature(row.member_id, row.reason, row.reference))


def release_holds() -> int:
    """Give back what holds past their expiry still set aside; answer how many.

    Posting does so by itself; this is for accounts on which nothing else happens.
    """
    query = (
        sa.select(
            PointsAccount.member_id,
            PointsHold.reason,
            PointsHold.reference,
            PointsHold.counterparty,
        )
        .join(PointsAccount, PointsAccount.id == PointsHold.account_id)
        .where(PointsHold.state == HoldState.OPEN, PointsHold.expires_at <= now())
        .order_by(PointsHold.expires_at)
    )
    return _in_batches(query, lambda row: Void(row.member_id, _reason(row), row.reference))


def _in_batches(query: AnySelect, movement: Callable[[Any], Movement]) -> int:
    """Post a movement for every row of `query`, which no longer selects what was posted."""
    done = 0
    while posted := _post_batch(query, movement):
        done += posted
    return done


@retrying
def _post_batch(query: AnySelect, movement: Callable[[Any], Movement]) -> int:
    db.session.rollback()
    rows = db.session.execute(query.limit(BATCH)).all()
    with transaction():
        answers = posting.post([movement(row) for row in rows])
    for answer in answers:
        if isinstance(answer, DomainError):
            raise answer
    return len(answers)
