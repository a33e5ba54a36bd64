"""Keeping the rollups: following what grows, counting anew what changes, and all of it from nothing."""

from collections.abc import Iterator

import sqlalchemy as sa

from miniprogram_api.core.db import db, transaction

from . import following, recounting
from .counting import LEDGER, PURCHASES, STREAMS
from .models import LotDay, MemberActivity, MembershipDay, PointsDay


def follow() -> int:
    """Count what has come to the ledger and to purchases since the last run; answer how many ids."""
    return sum(step for stream in STREAMS for step in following.follow(stream))


def members_are_counted() -> bool:
    """Whether members were ever counted."""
    return db.session.scalar(sa.select(MembershipDay.day).limit(1)) is not None


def recount_recent() -> None:
    """Count anew who joined and left of late, and when members were last active."""
    recounting.recount_members(recounting.recent_day())
    recounting.recount_activity()


def recount_all() -> None:
    """Count members of all days anew: those who were brought in with an earlier day as well."""
    recounting.recount_members()
    recounting.recount_activity()


def rebuild() -> Iterator[int]:
    """Count everything anew from nothing; yields how many ids each step went through.

    Figures are too small until it has ended, and say until when they count.
    """
    with transaction() as session:
        for stream in STREAMS:
            following.begin_anew(session, stream)
        for model in (PointsDay, LotDay, MemberActivity):
            session.execute(sa.delete(model))
    recounting.recount_members()
    for stream in (LEDGER, PURCHASES):
        yield from following.follow(stream)
    recounting.recount_activity()
