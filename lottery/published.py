"""What everybody may see: promises, seeds that are published, draws under pseudonyms, winners.

Nothing of a day's seed leaves here before the day is over.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import today
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import public_name
from miniprogram_api.members.models import Member

from . import fairness, versions
from .errors import NoSuchPeriod, NoSuchWheel
from .models import Draw, FairnessPeriod, Wheel, WheelPrize, WheelVersion
from .terms import DRAW_AGAIN, NOTHING
from .versions import Version

WINNERS_SHOWN = 20

WINNING = sa.and_(
    WheelPrize.kind.not_in([NOTHING, DRAW_AGAIN]), WheelPrize.is_consolation.is_(False)
)
"""What counts as having won something."""


def proof_of(draw: Draw) -> dict[str, Any]:
    """What is needed to recompute a draw; the seed is there once its day is over."""
    version = _version_of(draw.wheel_id, draw.version)
    period = db.session.get_one(FairnessPeriod, draw.period_id)
    return {
        "algorithm": fairness.ALGORITHM,
        "wheel_id": draw.wheel_id,
        "period": period.day,
        "commitment": period.commitment,
        "seed_hex": period.seed_hex,
        "prizes": told_prizes(version),
        "weight_total": version.weight_total,
        "guarantee_nth": version.guarantee_nth,
        "version_hash": version.hash,
        **told_record(draw),
    }


def told_record(draw: Draw) -> dict[str, Any]:
    """The record of a draw as everybody may see it."""
    return {
        "draw_no": draw.draw_no,
        "draw_index": draw.draw_index,
        "version": draw.version,
        "member_ref": draw.member_ref,
        "nonce": draw.nonce,
        "rule": draw.rule,
        "digest_hex": draw.digest_hex,
        "picked_position": draw.picked_position,
        "granted_position": draw.granted_position,
        "paid_by": draw.paid_by,
        "points": draw.points,
        "granted": draw.granted,
        "created_at": draw.created_at,
        "prev_hash": draw.prev_hash,
        "hash": draw.hash,
    }


def told_prizes(version: Version) -> list[dict[str, Any]]:
    """The prizes of a version with their weights."""
    return [
        {
            "position": prize.position,
            "name": prize.name,
            "kind": prize.kind,
            "weight": prize.weight,
            "is_consolation": prize.is_consolation,
            "is_guaranteed": prize.is_guaranteed,
        }
        for prize in version.prizes
    ]


def day_of(wheel_id: int, day: date | None) -> dict[str, Any]:
    """A day of a wheel: the promise, the versions, and, once it is over, the seed.

    :raises NoSuchWheel: there is none.
    :raises NoSuchPeriod: no seed was promised for that day.
    """
    wheel = wheel_of(wheel_id)
    period = _period_of(wheel_id, day or today())
    return {
        "wheel_id": wheel.id,
        "title": wheel.title,
        "algorithm": fairness.ALGORITHM,
        "period": period.day,
        "commitment": period.commitment,
        "committed_at": period.committed_at,
        "seed_hex": period.seed_hex,
        "revealed_at": period.revealed_at,
        "draws": period.next_index - 1 if period.revealed_at else None,
        "last_hash": period.last_hash if period.revealed_at else None,
        "versions": [_told_version(one) for one in versions.read_versions(db.session(), wheel_id)],
    }


def draws_on(wheel_id: int, day: date) -> sa.Select[Draw]:
    """The draws of a day that is over and published.

    :raises NoSuchPeriod: it is not.
    """
    period = _period_of(wheel_id, day)
    if period.revealed_at is None:
        raise NoSuchPeriod(f"the draws of {day} are published when the day is over")
    return sa.select(Draw).filter_by(period_id=period.id)


def days_of(wheel_id: int, at_most: int) -> Sequence[FairnessPeriod]:
    """The latest days of a wheel that have come, the latest first."""
    query = (
        sa.select(FairnessPeriod)
        .where(FairnessPeriod.wheel_id == wheel_id, FairnessPeriod.day <= today())
        .order_by(FairnessPeriod.day.desc())
        .limit(at_most)
    )
    return db.session.scalars(query).all()


def wheel_of(wheel_id: int) -> Wheel:
    """A wheel.

    :raises NoSuchWheel: there is none.
    """
    wheel = db.session.get(Wheel, wheel_id)
    if wheel is None:
        raise NoSuchWheel(f"no wheel {wheel_id}")
    return wheel


def latest_winners(wheel_id: int) -> list[dict[str, Any]]:
    """Who won something lately, by a masked name."""
    wheel_of(wheel_id)
    rows = db.session.execute(wins(wheel_id).order_by(Draw.id.desc()).limit(WINNERS_SHOWN))
    return [
        {"name_masked": masked(public_name(member)), "prize": prize.name, "at": draw.created_at}
        for draw, prize, member in rows
    ]


def wins(wheel_id: int) -> sa.Select[Draw, WheelPrize, Member]:
    """Draws that won something, each with its prize and its member."""
    return (
        sa.select(Draw, WheelPrize, Member)
        .join(
            WheelVersion,
            sa.and_(WheelVersion.wheel_id == Draw.wheel_id, WheelVersion.version == Draw.version),
        )
        .join(
            WheelPrize,
            sa.and_(
                WheelPrize.version_id == WheelVersion.id,
                WheelPrize.position == Draw.granted_position,
            ),
        )
        .join(Member, Member.id == Draw.member_id)
        .where(Draw.wheel_id == wheel_id, WINNING)
    )


def masked(name: str) -> str:
    """A name of which others learn the two ends alone."""
    if len(name) < 3:
        return f"{name[:1]}**"
    return f"{name[0]}**{name[-1]}"


def _version_of(wheel_id: int, number: int) -> Version:
    return versions.versions_of(db.session(), [(wheel_id, number)])[wheel_id, number]


def _period_of(wheel_id: int, day: date) -> FairnessPeriod:
    found = None
    if day <= today():
        query = sa.select(FairnessPeriod).filter_by(wheel_id=wheel_id, day=day)
        found = db.session.scalar(query)
    if found is None:
        raise NoSuchPeriod(f"no seed was promised for {day}")
    return found


def _told_version(version: Version) -> dict[str, Any]:
    facts: dict[str, int | str | datetime | None] = {
        "version": version.version,
        "effective_at": version.effective_at,
        "weight_total": version.weight_total,
        "guarantee_nth": version.guarantee_nth,
        "hash": version.hash,
    }
    return {**facts, "prizes": told_prizes(version)}
