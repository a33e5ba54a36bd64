"""Whether members stand where the facts put them, and the history and gifts agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db

from . import gifts, records
from .models import TierChange
from .records import Record
from .requalifying import open_members
from .standing import Standing


@dataclass(frozen=True)
class Finding:
    """Something about a member's tier that does not agree."""

    member_id: int
    what: str
    kept: str
    told: str

    def __str__(self) -> str:
        return f"member {self.member_id}: {self.what} is {self.kept}, should be {self.told}"


def findings() -> Iterator[Finding]:
    """Everything that differs, member by member, in constant memory.

    A tier whose held time is over differs until the night has judged it: requalify first.
    """
    last = 0
    while member_ids := open_members(last):
        lines = _last_lines(member_ids)
        for record in records.load(db.session(), member_ids):
            yield from _about(record, lines.get(record.member_id))
        last = member_ids[-1]


def _about(record: Record, line: Any) -> Iterator[Finding]:
    outcome = record.outcome()
    if record.before != outcome.standing:
        yield Finding(record.member_id, "standing", str(record.before), str(outcome.standing))
    told = line and Standing(line.rank, line.since, line.keep_until, line.grace_until)
    if told != record.kept:
        yield Finding(record.member_id, "last line of the history", str(told), str(record.kept))
    for code in gifts.missing_or_extra(record, outcome):
        reached = [one.rank for one in outcome.reached]
        yield Finding(record.member_id, "gifts", code, f"those of ranks {reached}")


def _last_lines(member_ids: Sequence[int]) -> dict[int, Any]:
    newest = (
        sa.select(sa.func.max(TierChange.id))
        .where(TierChange.member_id.in_(member_ids))
        .group_by(TierChange.member_id)
    )
    found = db.session.scalars(sa.select(TierChange).where(TierChange.id.in_(newest)))
    return {row.member_id: row for row in found}
