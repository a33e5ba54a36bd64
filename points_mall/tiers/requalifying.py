"""Judging every member anew: who keeps a tier, who gets grace, who falls, who rises by a new ladder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.members.models import Member

from . import records, settling
from .settling import DUE, Change
from .standing import Why

BATCH = 500
"""Members read at once: the memory that it takes does not grow with the shop."""


@dataclass
class Counts:
    """What a requalification came to, in members.

    :param kept: hold their tier for another time.
    :param in_grace: have something to make up.
    """

    looked_at: int = 0
    risen: int = 0
    kept: int = 0
    in_grace: int = 0
    fallen: int = 0

    def add(self, change: Change) -> None:
        """Count one more change."""
        self.risen += change.moves > 0
        self.fallen += change.moves < 0
        self.kept += change.moves == 0 and change.why != Why.GRACE
        self.in_grace += change.moves == 0 and change.why == Why.GRACE


def members_to_look_at() -> int:
    """How many open accounts there are."""
    count = sa.select(sa.func.count()).select_from(Member).where(Member.closed_at.is_(None))
    return db.session.scalar(count) or 0


def open_members(after: int) -> Sequence[int]:
    """The next batch of members with open accounts, in id order."""
    db.session.rollback()  # each batch reads what is there now
    return db.session.scalars(
        sa.select(Member.id)
        .where(Member.id > after, Member.closed_at.is_(None))
        .order_by(Member.id)
        .limit(BATCH)
    ).all()


def requalify(progress: Callable[[int], object] = lambda _done: None) -> Counts:
    """Judge every member with an open account, batch by batch, each its own transaction.

    Only those whose standing changes are locked and written. Interrupted, it is simply run again:
    who was judged already does not change twice.

    :param progress: is told how many members more are done.
    """
    counts, last = Counts(), 0
    while member_ids := open_members(last):
        for change in _requalify(member_ids):
            counts.add(change)
        counts.looked_at += len(member_ids)
        last = member_ids[-1]
        progress(len(member_ids))
    return counts


@retrying
def _requalify(member_ids: Sequence[int]) -> list[Change]:
    found = records.load(db.session(), member_ids)
    due = [one.member_id for one in found if one.outcome().standing != one.before]
    if not due:
        return []
    with transaction():
        settling.lock(due)
        return settling.settle(dict.fromkeys(due, DUE))
