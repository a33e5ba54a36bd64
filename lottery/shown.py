"""Wheels and draws as one member sees them. Reads only, but for the promise of today's seed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now, today
from miniprogram_api.core.db import db
from miniprogram_api.http.language import language
from points_mall.stock.remaining import remaining_of
from points_mall.tiers.ladder import tier_of_rank

from . import audience, chances, fairness, guarantee, odds, periods, standings, versions
from .answers import told_prize
from .audience import Counts
from .errors import NoSuchDraw, NoSuchWheel
from .models import Draw, FairnessPeriod, Wheel
from .versions import Prize, Standing, Version

UPCOMING, RUNNING, ENDED = "upcoming", "running", "ended"


def listed() -> sa.Select[Wheel]:
    """The wheels that are running or will be."""
    not_over = sa.or_(Wheel.closes_at.is_(None), Wheel.closes_at > now())
    return sa.select(Wheel).where(Wheel.closed_at.is_(None), not_over)


def seen_by(member_id: int, wheels: Sequence[Wheel]) -> list[dict[str, Any]]:
    """Wheels as this member sees them, in a number of questions that does not depend on theirs."""
    ids = [wheel.id for wheel in wheels]
    session = db.session()
    standing = versions.standing(session, ids)
    periods.ensure([one.id for one in standing.values() if state_of(one) != ENDED], today())
    promised = _latest_periods(ids)
    counts = standings.counts_of(session, [(member_id, wheel_id) for wheel_id in ids])
    owned = chances.chances_of(member_id)
    left = remaining_of(
        prize.pool_id
        for one in standing.values()
        for prize in one.version.prizes
        if prize.pool_id is not None
    )
    return [
        {
            **_seen(standing[wheel_id], left),
            **_standing_of_member(
                standing[wheel_id].version,
                counts.get((member_id, wheel_id), Counts()).on(today()),
                chances.count_for(owned, wheel_id),
            ),
            "fairness": promised.get(wheel_id, _NOTHING_PROMISED),
        }
        for wheel_id in ids
    ]


def one_seen_by(member_id: int, wheel_id: int) -> dict[str, Any]:
    """A wheel by itself, also one that is over.

    :raises NoSuchWheel: there is none.
    """
    wheel = db.session.get(Wheel, wheel_id)
    if wheel is None:
        raise NoSuchWheel(f"no wheel {wheel_id}")
    return seen_by(member_id, [wheel])[0]


def state_of(wheel: Standing) -> str:
    """Whether a wheel can be drawn now, will be, or was."""
    moment = now()
    if wheel.ends_at is not None and moment >= wheel.ends_at:
        return ENDED
    return UPCOMING if moment < wheel.version.opens_at else RUNNING


def draws_of(member_id: int) -> sa.Select[Draw]:
    """A member's draws."""
    return sa.select(Draw).filter_by(member_id=member_id)


def draw_of(member_id: int, draw_no: str) -> Draw:
    """A member's own draw.

    :raises NoSuchDraw: there is none, or it is another member's.
    """
    found = db.session.scalar(draws_of(member_id).filter_by(draw_no=draw_no))
    if found is None:
        raise NoSuchDraw("no draw of yours has this number")
    return found


def told_draws(found: Sequence[Draw]) -> list[dict[str, Any]]:
    """Draws with the prizes that they gave; the versions are asked for together."""
    known = versions.versions_of(db.session(), [(one.wheel_id, one.version) for one in found])
    return [_told_draw(one, known[one.wheel_id, one.version]) for one in found]


def _told_draw(one: Draw, version: Version) -> dict[str, Any]:
    return {
        "draw_no": one.draw_no,
        "wheel": {"id": one.wheel_id, "title": version.title},
        "prize": told_prize(version.by_position[one.granted_position]),
        "granted": one.granted,
        "paid_by": one.paid_by,
        "points": one.points,
        "created_at": one.created_at,
    }


_NOTHING_PROMISED = {"algorithm": fairness.ALGORITHM, "commitment": None, "period": None}


def _latest_periods(wheel_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The promise of the latest day of each wheel that has come."""
    latest = (
        sa.select(FairnessPeriod.wheel_id, sa.func.max(FairnessPeriod.day).label("day"))
        .where(FairnessPeriod.wheel_id.in_(wheel_ids), FairnessPeriod.day <= today())
        .group_by(FairnessPeriod.wheel_id)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(FairnessPeriod.wheel_id, FairnessPeriod.day, FairnessPeriod.commitment).join(
            latest,
            sa.and_(
                latest.c.wheel_id == FairnessPeriod.wheel_id, latest.c.day == FairnessPeriod.day
            ),
        )
    )
    return {
        row.wheel_id: {
            "algorithm": fairness.ALGORITHM,
            "commitment": row.commitment,
            "period": row.day.isoformat(),
        }
        for row in rows
    }


def _seen(wheel: Standing, left: dict[int, int]) -> dict[str, Any]:
    version = wheel.version
    rank = version.min_tier_rank
    return {
        "id": wheel.id,
        "title": version.title,
        "state": state_of(wheel),
        "opens_at": version.opens_at,
        "closes_at": wheel.ends_at,
        "version": version.version,
        "points_cost": version.points_cost,
        "daily_limit": version.daily_limit,
        "total_limit": version.total_limit,
        "min_tier": tier_of_rank(rank).code if rank else None,
        "new_member_days": version.new_member_days,
        "guarantee_nth": version.guarantee_nth,
        "prizes": [told_odds(prize, version, left) for prize in version.prizes],
        "rules": rules_of(version),
        "server_time": now(),
    }


def rules_of(version: Version) -> str:
    """The rules in the reader's language, where they are written in it."""
    if language() == "en" and version.rules_en:
        return version.rules_en
    return version.rules_zh or version.rules_en


def told_odds(prize: Prize, version: Version, left: dict[int, int]) -> dict[str, Any]:
    """A prize with its odds, from the same numbers that draw."""
    return {
        **told_prize(prize),
        "odds_bp_text": odds.odds_bp_text(prize.weight, version.weight_total),
        "odds_text": odds.odds_text(prize.weight, version.weight_total),
        "value_fen": prize.value_fen,
        "remaining": None if prize.pool_id is None else left.get(prize.pool_id, 0),
        "is_consolation": prize.is_consolation,
        "is_guaranteed": prize.is_guaranteed,
    }


def _standing_of_member(version: Version, counts: Counts, chance_count: int) -> dict[str, Any]:
    until = None
    if version.guarantee_nth is not None:
        rule = guarantee.rule_for(counts.since_guaranteed, version.guarantee_nth)
        until = (
            1 if rule == guarantee.GUARANTEE else version.guarantee_nth - counts.since_guaranteed
        )
    return {
        "chances": chance_count,
        "free_draws_left": audience.free_left(version, counts),
        "draws_left_today": audience.draws_left(version, counts),
        "guaranteed_within": until,
    }


def exported_draws(member_id: int) -> list[dict[str, Any]]:
    """All draws of a member as plain JSON."""
    found = db.session.scalars(draws_of(member_id).order_by(Draw.id)).all()
    return [
        {
            **told,
            "wheel": {"id": str(told["wheel"]["id"]), "title": told["wheel"]["title"]},
            "created_at": in_shop_time(told["created_at"]).isoformat(),
        }
        for told in told_draws(found)
    ]
