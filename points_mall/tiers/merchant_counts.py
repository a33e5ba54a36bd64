"""How many members stand on each step, and how many a draft would move: counted, or estimated by a sample.

The counts are one grouped query over the index of ranks; closed accounts, which are few, are counted apart
and taken off. A draft is judged for a sample: walking through the growth of a million members is a job.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now, shop_zone
from miniprogram_api.members.models import Member

from . import records
from .ladder import in_force, ladders
from .models import MemberTier
from .records import Record
from .shop_calendar import ShopCalendar
from .standing import Outcome, outcome_of
from .terms import Ladder, Terms

SAMPLE = 500
"""How many members are judged while somebody types."""

members = cast(sa.Table, Member.__table__)
standings = cast(sa.Table, MemberTier.__table__)

_CLOSED = sa.select(sa.func.count()).where(members.c.closed_at.is_not(None))
_ALL = sa.select(sa.func.count()).select_from(members)
_ABOVE = (
    sa.select(standings.c.rank, sa.func.count().label("count"))
    .where(standings.c.rank > 0)
    .group_by(standings.c.rank)
)
_CLOSED_ABOVE = (
    sa.select(standings.c.rank, sa.func.count().label("count"))
    .join_from(members, standings, standings.c.member_id == members.c.id)
    .where(members.c.closed_at.is_not(None), standings.c.rank > 0)
    .group_by(standings.c.rank)
)
_SPAN = sa.select(sa.func.min(members.c.id), sa.func.max(members.c.id))


def standing_counts(session: Session) -> dict[int, int]:
    """How many open members stand on each rank."""
    counts = Counter({row.rank: row.count for row in session.execute(_ABOVE)})
    counts.subtract({row.rank: row.count for row in session.execute(_CLOSED_ABOVE)})
    everybody = (session.scalar(_ALL) or 0) - (session.scalar(_CLOSED) or 0)
    counts[0] = everybody - sum(counts.values())
    return dict(counts)


@dataclass
class Moved:
    """What a draft would do to the members of a sample.

    :param looked_at: how many were judged.
    :param before, after: how many stand on each rank now, and once the draft has begun.
    :param rising: on the first day, by the growth that they have.
    :param falling: when what they hold is over, unless they grow; `falling_now`: the same as it is.
    """

    is_everybody: bool
    looked_at: int = 0
    before: Counter[int] = field(default_factory=Counter)
    after: Counter[int] = field(default_factory=Counter)
    rising: int = 0
    falling: int = 0
    falling_now: int = 0

    def share_bp(self, count: int) -> int:
        """A number of the sample as a share of it."""
        return count * 10_000 // self.looked_at if self.looked_at else 0


def moved_by(session: Session, draft: Terms, most: int = SAMPLE) -> Moved:
    """Judge a sample of the members by a draft that begins now; nothing is written."""
    ids, is_everybody = _sample(session, most)
    moved = Moved(is_everybody)
    moment = now()
    running = in_force(ladders(), moment).terms
    begun = [one for one in ladders() if one.starts_at <= moment]
    with_draft = (*begun, Ladder(0, moment, draft))
    for record in records.load(session, ids):
        present, then = record.outcome(), _outcome(record, with_draft, moment)
        moved.looked_at += 1
        moved.before[present.standing.rank] += 1
        moved.after[then.standing.rank] += 1
        moved.rising += then.standing.rank > present.standing.rank
        moved.falling += not draft.is_kept(then.standing.rank, then.growth)
        moved.falling_now += not running.is_kept(present.standing.rank, present.growth)
    return moved


def _outcome(record: Record, under: tuple[Ladder, ...], moment: datetime) -> Outcome:
    """Where a member stands at a moment, under other ladders than ours."""
    calendar = ShopCalendar(shop_zone())
    return outcome_of(record.joined_at, record.grown, record.moved, under, calendar, moment)


def _sample(session: Session, most: int) -> tuple[list[int], bool]:
    """Members evenly spread over the numbers that were given out; all of them, if they are few."""
    first, last = session.execute(_SPAN).one()
    if first is None:
        return [], True
    span = last - first + 1
    if span <= most:
        return list(range(first, last + 1)), True
    return [first + span * place // most for place in range(most)], False
