"""Writing down where members stand: the figure, its history, the gifts and the notices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.messaging.services import notify_many
from points_mall.ledger import posting

from . import gifts, records
from .ladder import current
from .models import MemberTier, TierChange
from .notices import TIER_CHANGED, notice_of
from .records import Record
from .standing import Outcome, Why
from .terms import Ladder

standings = cast(sa.Table, MemberTier.__table__)
changes = cast(sa.Table, TierChange.__table__)


@dataclass(frozen=True)
class Cause:
    """What made us look at a member again.

    :param reference: of the purchase or refund.
    """

    why: Why
    reference: str = ""
    actor: str = "system"


DUE = Cause(Why.REQUALIFIED)


@dataclass(frozen=True)
class Change:
    """A member whose standing is another one now."""

    record: Record
    outcome: Outcome
    why: Why

    @property
    def moves(self) -> int:
        """Above zero: risen; below: fallen; zero: the same tier, held for another time."""
        return self.outcome.standing.rank - self.record.before.rank


def lock(member_ids: Iterable[int]) -> None:
    """Keep others from settling these members until the transaction ends; in id order."""
    posting.lock_accounts(member_ids)


def settle(causes: Mapping[int, Cause]) -> list[Change]:
    """Tell anew where members stand, and write down what changed, in the caller's transaction.

    Their accounts are locked. A constant number of statements, however many members; one that
    changes nothing writes nothing. Closed accounts are passed over.
    """
    session = current_transaction()
    found = [(one, one.outcome()) for one in records.load(session, causes)]
    gifts.square(found)
    changed = [
        Change(record, outcome, _why(record, outcome, causes[record.member_id]))
        for record, outcome in found
        if outcome.standing != record.before
    ]
    if changed:
        _write(session, changed, causes)
    return changed


def _why(record: Record, outcome: Outcome, cause: Cause) -> Why:
    """Why a standing changed: by itself, as the walk found it, or because a refund took it away."""
    if cause.why == Why.REFUND and outcome.standing.rank <= record.before.rank:
        return Why.REFUND
    return outcome.why or cause.why


def _write(session: Session, changed: Sequence[Change], causes: Mapping[int, Cause]) -> None:
    ladder, moment = current(), now()
    rows = [_standing(change, ladder) for change in changed]
    bulk.insert_missing(session, standings, rows)
    bulk.update(session, standings, rows, key=("member_id",))
    history = [
        _history(change, causes[change.record.member_id], ladder, moment) for change in changed
    ]
    ids = bulk.insert(session, changes, history, returning=("id", "member_id"))
    by_member = {row.member_id: row.id for row in ids}
    _tell([change for change in changed if change.moves], ladder, by_member)


def _tell(moved: Sequence[Change], ladder: Ladder, change_ids: Mapping[int, int]) -> None:
    if not moved:
        return
    notices = [
        notice_of(
            change.record.member_id,
            ladder.terms.tier_of_rank(change.outcome.standing.rank),
            change.outcome.standing,
            change_ids[change.record.member_id],
        )
        for change in moved
    ]
    notify_many(TIER_CHANGED.name, notices)


def _standing(change: Change, ladder: Ladder) -> dict[str, Any]:
    standing = change.outcome.standing
    return {
        "member_id": change.record.member_id,
        "code": ladder.terms.tier_of_rank(standing.rank).code,
        "rank": standing.rank,
        "since": standing.since,
        "keep_until": standing.keep_until,
        "grace_until": standing.grace_until,
    }


def _history(change: Change, cause: Cause, ladder: Ladder, moment: datetime) -> dict[str, Any]:
    return _standing(change, ladder) | {
        "code_before": ladder.terms.tier_of_rank(change.record.before.rank).code,
        "reason": str(change.why),
        "reference": cause.reference,
        "growth": change.outcome.growth,
        "ladder_version": ladder.version,
        "actor": cause.actor,
        "changed_at": moment,
    }
