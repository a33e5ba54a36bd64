"""Proof: judges every award again by the rule version that it names, and looks for its points.

Reads only, a few members at a time, so memory does not grow with their number.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import canonical_json, unhurried
from points_mall.ledger.models import LedgerEntry, PendingEarning, PointsAccount

from . import rule_book
from .awards import awards
from .explaining import occasion_again
from .facts import Earned
from .reasons import PURCHASE
from .rules import judge, without_rule
from .terms import Terms, terms_from_json
from .usage import Usage

BATCH = 100
"""Members whose awards are in memory at a time."""

accounts = PointsAccount.__table__
entries = LedgerEntry.__table__
pendings = PendingEarning.__table__

_MEMBERS = (
    sa.select(awards.c.member_id)
    .where(awards.c.member_id > sa.bindparam("after", type_=awards.c.member_id.type))
    .distinct()
    .order_by(awards.c.member_id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_AWARDS = (
    sa.select(awards)
    .where(among(awards.c.member_id, "members"))
    .order_by(awards.c.member_id, awards.c.id)
)


@dataclass(frozen=True)
class Finding:
    """Something that differs: of which purchase, what the rule proves, and what is stored."""

    reference: str
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.reference}: {self.what}: the rule proves {self.expected}, stored is {self.found}"


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, of members with an award; nothing does in a sound shop."""
    session.rollback()  # read what is committed now
    unhurried(session)
    by_version = {row.version: terms_from_json(row.terms) for row in rule_book.versions(session)}
    after = 0
    while members := session.scalars(_MEMBERS, {"after": after, "most": BATCH}).all():
        rows = session.execute(_AWARDS, {"members": list(members)}).all()
        yield from _judged_otherwise(rows, by_version)
        yield from _posted_otherwise(rows, _posted(session, members))
        after = members[-1]


def _judged_otherwise(rows: Sequence[Any], by_version: dict[int, Terms]) -> Iterator[Finding]:
    """Awards that their own rule does not give; caps count in the order of the awards."""
    usage = Usage()
    for row in rows:
        earned = _again(row, by_version, usage)
        usage.add(row.member_id, row.day, row.points)
        for what, expected, found in (
            ("points", earned.points, row.points),
            ("cashback_fen", earned.cashback_fen, row.cashback_fen),
            ("explanation", canonical_json(earned.explanation), canonical_json(row.explanation)),
        ):
            if expected != found:
                yield Finding(row.reference, what, expected, found)


def _again(row: Any, by_version: dict[int, Terms], usage: Usage) -> Earned:
    occasion = occasion_again(row.member_id, row.reference, row.occurred_at, row.explanation)
    day: date = row.day
    terms = by_version.get(row.rule_version)
    if terms is None:
        return without_rule(occasion, day)
    return judge(terms, row.rule_version, occasion, day, usage.before(row.member_id, day))


def _posted(session: Session, members: Sequence[int]) -> dict[tuple[int, str], int]:
    """What the ledger holds for purchases, counted or waiting, by member and reference."""
    found: dict[tuple[int, str], int] = {}
    for table in (entries, pendings):
        query = (
            sa.select(accounts.c.member_id, table.c.reference, table.c.points)
            .join(accounts, accounts.c.id == table.c.account_id)
            .where(among(accounts.c.member_id, "members"), table.c.reason == PURCHASE.code)
        )
        for row in session.execute(query, {"members": list(members)}):
            key = row.member_id, row.reference
            found[key] = max(found.get(key, 0), row.points)
    return found


def _posted_otherwise(rows: Sequence[Any], posted: dict[tuple[int, str], int]) -> Iterator[Finding]:
    """Awards that the ledger does not hold, and the ledger's purchases that nobody awarded."""
    for row in rows:
        found = posted.pop((row.member_id, row.reference), 0)
        if found != row.points:
            yield Finding(row.reference, "in the ledger", row.points, found)
    for (_, reference), points in sorted(posted.items()):
        yield Finding(reference, "in the ledger", 0, points)
