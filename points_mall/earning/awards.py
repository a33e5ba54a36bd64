"""What was awarded: reading it back, summing it for the caps, writing it down once."""

from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, to_day
from miniprogram_api.core.db import db

from .errors import NoSuchAward
from .facts import Earned, Occasion
from .models import EarningAward
from .usage import Usage

awards = cast(sa.Table, EarningAward.__table__)

_RECORDED = sa.select(
    awards.c.reference,
    awards.c.member_id,
    awards.c.day,
    awards.c.points,
    awards.c.cashback_fen,
    awards.c.rule_version,
    awards.c.explanation,
).where(among(awards.c.reference, "references"))
_USED = (
    sa.select(awards.c.member_id, awards.c.day, sa.func.sum(awards.c.points).label("points"))
    .where(
        among(awards.c.member_id, "members"),
        awards.c.day >= sa.bindparam("first", type_=sa.Date),
        awards.c.day <= sa.bindparam("last", type_=sa.Date),
    )
    .group_by(awards.c.member_id, awards.c.day)
)


@dataclass(frozen=True)
class Recorded:
    """An award as it stands in the database."""

    member_id: int
    day: date
    earned: Earned


def recorded(session: Session, occasions: Iterable[Occasion]) -> dict[str, Recorded]:
    """The awards that these occasions have already, by reference."""
    references = sorted({occasion.reference for occasion in occasions})
    rows = session.execute(_RECORDED, {"references": references})
    return {
        row.reference: Recorded(
            row.member_id,
            row.day,
            Earned(row.points, row.cashback_fen, row.rule_version, row.explanation),
        )
        for row in rows
    }


def award_of(reference: str) -> EarningAward:
    """What a purchase was awarded.

    :raises NoSuchAward: it was not judged.
    """
    query = sa.select(EarningAward).filter_by(reference=reference)
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NoSuchAward(f"no purchase {reference} was judged")
    return found


def used_by(session: Session, occasions: Collection[Occasion]) -> Usage:
    """What the members of these occasions were awarded in the months concerned, by one statement.

    What is refunded later gives no room back, so nothing is taken off.
    """
    usage = Usage()
    days = [to_day(occasion.occurred_at) for occasion in occasions]
    if not days:
        return usage
    latest = max(days)
    within = {
        "members": sorted({occasion.member_id for occasion in occasions}),
        "first": min(days).replace(day=1),
        "last": latest.replace(day=monthrange(latest.year, latest.month)[1]),
    }
    for row in session.execute(_USED, within):
        usage.add(row.member_id, row.day, int(row.points))
    return usage


def awarded_between(
    session: Session, member_ids: Collection[int], first: date, last: date
) -> dict[int, int]:
    """What members were awarded from one day of the shop to another, by member."""
    within = {"members": sorted(member_ids), "first": first, "last": last}
    totals: Counter[int] = Counter()
    for row in session.execute(_USED, within):
        totals[row.member_id] += int(row.points)
    return dict(totals)


def write(session: Session, given: Sequence[tuple[Occasion, Earned]]) -> None:
    """Write the awards down; the database refuses a second one for a reference."""
    moment = now()
    rows = [
        {
            "reference": occasion.reference,
            "member_id": occasion.member_id,
            "source": occasion.source,
            "occurred_at": occasion.occurred_at,
            "day": to_day(occasion.occurred_at),
            "points": earned.points,
            "cashback_fen": earned.cashback_fen,
            "rule_version": earned.rule_version,
            "explanation": earned.explanation,
            "created_at": moment,
        }
        for occasion, earned in given
    ]
    bulk.insert(session, awards, rows)
