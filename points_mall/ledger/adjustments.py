"""Points given and taken by hand in the back office: up to a limit alone, beyond it by four eyes.

Each function is one transaction and leaves an act. Locks are taken in the house's order: the member,
the account, the request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import in_shop_time, now, starts_at, today
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.members.accounts import locked_member
from miniprogram_api.members.models import Member
from miniprogram_api.staff import audit

from . import posting, services
from .errors import (
    AdjustmentDecided,
    AdjustmentOver,
    BalanceMoved,
    InsufficientPoints,
    NoSuchAdjustment,
    OwnAdjustment,
)
from .models import AdjustmentRequest, AdjustmentState, LedgerEntry, PointsAccount
from .reasons import ADJUSTMENT
from .statements import summary

BY_HAND, ON_REQUEST = "by-hand:", "request:"
"""How the references of adjustments begin: made by one person, or by four eyes."""
SYSTEM = "system"


@dataclass(frozen=True)
class Foreseen:
    """What an adjustment would do now.

    :param limit_points: what one person may move of this member's points in a day; 0: no limit.
    :param moved_today_points: what the caller has moved of them today.
    """

    available: int
    debt: int
    available_after: int
    debt_after: int
    limit_points: int
    moved_today_points: int
    needs_approval: bool


@dataclass(frozen=True)
class Adjusted:
    """The answer: posted, or waiting for somebody else."""

    available: int
    request_id: int | None = None


def foresee(member_id: int, points: int) -> Foreseen:
    """What an adjustment by the caller would do.

    :raises InsufficientPoints: there are fewer to take.
    """
    has = summary(member_id)
    if points < 0 and has.available < -points:
        raise InsufficientPoints(-points, has.available)
    repaid = min(has.debt, max(points, 0))
    limit, moved = settings().adjustment_limit_points, _moved_today(member_id)
    return Foreseen(
        available=has.available,
        debt=has.debt,
        available_after=has.available + points - repaid,
        debt_after=has.debt - repaid,
        limit_points=limit,
        moved_today_points=moved,
        needs_approval=0 < limit < moved + abs(points),
    )


@retrying
def adjust(member_id: int, points: int, *, why: str, key: str, seen: int) -> Adjusted:
    """Give (above zero) or take points, or ask for it where it is beyond the caller's limit.

    :param key: made by the form; the same again changes nothing.
    :param seen: what the member had when the caller confirmed.
    :raises BalanceMoved: the member has something else by now.
    :raises InsufficientPoints: there are fewer to take.
    """
    with transaction() as session:
        member = locked_member(member_id)
        posting.lock_accounts([member_id])
        known = _known(session, member_id, key)
        if known is not None:
            return known
        coming = foresee(member_id, points)
        if coming.available != seen:
            raise BalanceMoved(f"{coming.available}, not {seen}", available=coming.available)
        if coming.needs_approval:
            return Adjusted(coming.available, _ask(session, member, points, why, key))
        actor = audit.actor()
        posted = services.adjust(
            member_id, points, why=why, reference=f"{BY_HAND}{key}", actor=actor
        )
        before, after = _figures(coming.available, coming.debt), _now(member_id)
        _record("points.adjust", member, before, {**after, "points": points}, why)
        return Adjusted(posted.available)


@retrying
def approve(request_id: int, *, why: str) -> Adjusted:
    """Post what somebody else has asked for.

    :raises OwnAdjustment: the caller has asked for it.
    :raises AdjustmentDecided: somebody was faster.
    :raises AdjustmentOver: it was not decided in time.
    :raises InsufficientPoints: there are fewer to take by now.
    """
    with transaction() as session:
        member, asked = _locked_request(session, request_id)
        if asked.asked_by == audit.actor():
            raise OwnAdjustment("somebody else has to approve")
        before = _now(member.id)
        posted = services.adjust(
            member.id,
            asked.points,
            why=asked.why,
            reference=f"{ON_REQUEST}{asked.id}",
            actor=asked.asked_by,
            approved_by=audit.actor(),
        )
        _decide(asked, AdjustmentState.APPROVED, audit.actor(), why)
        asked.entry_id = posted.entry.id if posted.entry else None
        told = {"points": asked.points, "request": asked.id, "asked_by": asked.asked_by}
        _record("points.approve_adjustment", member, before, {**_now(member.id), **told}, why)
        return Adjusted(posted.available, asked.id)


@retrying
def refuse(request_id: int, *, why: str) -> None:
    """Refuse what somebody asked for; whoever asked withdraws it instead. Nothing moves.

    :raises AdjustmentDecided: somebody was faster.
    :raises AdjustmentOver: it was not decided in time.
    """
    with transaction() as session:
        member, asked = _locked_request(session, request_id)
        is_own = asked.asked_by == audit.actor()
        state = AdjustmentState.WITHDRAWN if is_own else AdjustmentState.REFUSED
        act = "points.withdraw_adjustment" if is_own else "points.refuse_adjustment"
        _decide(asked, state, audit.actor(), why)
        before = {"state": AdjustmentState.OPEN.value}
        told = {"state": state.value, "points": asked.points, "request": asked.id}
        _record(act, member, before, told, why)


def withdraw_of_member(member_id: int, **_facts: object) -> None:
    """Let what is still asked for lapse, in the transaction that closes the account."""
    current_transaction().execute(
        sa.update(AdjustmentRequest)
        .filter_by(member_id=member_id, state=AdjustmentState.OPEN)
        .values(state=AdjustmentState.WITHDRAWN, decided_by=SYSTEM, decided_at=now())
        .execution_options(synchronize_session=False)
    )


# ------------------------------------------------------------------ reading


def waiting() -> sa.Select[AdjustmentRequest]:
    """A query for the requests that can be decided, the latest first."""
    return (
        sa.select(AdjustmentRequest)
        .where(
            AdjustmentRequest.state == AdjustmentState.OPEN, AdjustmentRequest.expires_at > now()
        )
        .order_by(AdjustmentRequest.id.desc())
    )


def waiting_count() -> int:
    """How many can be decided."""
    query = sa.select(sa.func.count()).select_from(waiting().order_by(None).subquery())
    return db.session.scalar(query) or 0


def every() -> sa.Select[AdjustmentRequest]:
    """A query for all requests there were, the latest first."""
    return sa.select(AdjustmentRequest).order_by(AdjustmentRequest.id.desc())


def state_of(asked: AdjustmentRequest) -> str:
    """How a request stands now: one that nobody decided in time is `over`."""
    is_over = asked.state == AdjustmentState.OPEN and asked.expires_at <= now()
    return "over" if is_over else asked.state


def export_requests(member_id: int) -> list[dict[str, Any]]:
    """What was asked for the member, as plain JSON."""
    return [
        {
            "points": row.points,
            "why": row.why,
            "state": row.state,
            "asked_at": in_shop_time(row.asked_at).isoformat(),
        }
        for row in db.session.scalars(every().filter_by(member_id=member_id))
    ]


# ------------------------------------------------------------------ steps


def _ask(session: Session, member: Member, points: int, why: str, key: str) -> int:
    moment = now()
    asked = AdjustmentRequest(
        member_id=member.id,
        points=points,
        why=why,
        reference=_reference(member.id, key),
        asked_by=audit.actor(),
        asked_at=moment,
        expires_at=moment + timedelta(days=settings().adjustment_request_days),
    )
    session.add(asked)
    session.flush()  # the act names its number
    told = {"points": points, "request": asked.id}
    _record("points.ask_adjustment", member, _now(member.id), told, why)
    return asked.id


def _known(session: Session, member_id: int, key: str) -> Adjusted | None:
    """The first answer, where the form was sent before."""
    asked = session.scalar(
        sa.select(AdjustmentRequest.id).filter_by(reference=_reference(member_id, key))
    )
    posted = session.scalar(
        sa.select(LedgerEntry.id)
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(
            PointsAccount.member_id == member_id,
            LedgerEntry.reason == ADJUSTMENT.code,
            LedgerEntry.reference == f"{BY_HAND}{key}",
        )
    )
    if asked is None and posted is None:
        return None
    return Adjusted(summary(member_id).available, asked)


def _reference(member_id: int, key: str) -> str:
    return f"{member_id}:{key}"


def _locked_request(session: Session, request_id: int) -> tuple[Member, AdjustmentRequest]:
    """A request that can be decided, with its member, both locked and the account between them."""
    member_id = session.scalar(sa.select(AdjustmentRequest.member_id).filter_by(id=request_id))
    if member_id is None:
        raise NoSuchAdjustment(f"no request {request_id}")
    member = locked_member(member_id)
    posting.lock_accounts([member_id])
    asked = session.get_one(
        AdjustmentRequest, request_id, with_for_update=True, populate_existing=True
    )
    if asked.state != AdjustmentState.OPEN:
        raise AdjustmentDecided(
            f"{asked.state} by {asked.decided_by}", state=asked.state, decided_by=asked.decided_by
        )
    if asked.expires_at <= now():
        raise AdjustmentOver(f"it waited until {in_shop_time(asked.expires_at).isoformat()}")
    return member, asked


def _decide(asked: AdjustmentRequest, state: AdjustmentState, actor: str, why: str) -> None:
    asked.state, asked.decided_by = state.value, actor
    asked.decided_at, asked.decided_why = now(), why


def _moved_today(member_id: int) -> int:
    """Points of the member that the caller has moved alone today, given and taken alike.

    So who divides an adjustment does not evade the limit.
    """
    moved = (
        sa.select(sa.func.coalesce(sa.func.sum(sa.func.abs(LedgerEntry.points)), 0))
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(
            PointsAccount.member_id == member_id,
            LedgerEntry.reason == ADJUSTMENT.code,
            LedgerEntry.reference.startswith(BY_HAND),
            LedgerEntry.actor == audit.actor(),
            LedgerEntry.occurred_at >= starts_at(today()),
        )
    )
    return int(db.session.scalar(moved) or 0)


def _now(member_id: int) -> dict[str, int]:
    has = summary(member_id)
    return _figures(has.available, has.debt)


def _figures(available: int, debt: int) -> dict[str, int]:
    return {"available": available, **({"debt": debt} if debt else {})}


def _record(
    act: str, member: Member, before: Mapping[str, Any], after: Mapping[str, Any], why: str
) -> None:
    audit.record(act, f"member:{member.member_no}", before=before, after=after, reason=why)
