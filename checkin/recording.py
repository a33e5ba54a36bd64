"""Writing days down and giving what they bring, in the caller's transaction.

Any number of members takes a constant number of statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, clock
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant, Granted
from points_mall.grants.points import available_points
from points_mall.grants.rewards import Reward
from points_mall.ledger.reasons import Reason

from . import reasons
from .awards import STREAK, Award, Part
from .models import CheckIn, MilestonePaid
from .rule_book import Rule
from .terms import EVER

check_ins = cast(sa.Table, CheckIn.__table__)
milestones = cast(sa.Table, MilestonePaid.__table__)


@dataclass(frozen=True)
class CheckedIn:
    """The answer to a check-in.

    :param rewards: each with its kind, its `cause` and how much was given.
    :param points_available: what the member can spend right after.
    """

    day: date
    streak_days: int
    day_of_cycle: int
    rewards: tuple[dict[str, Any], ...]
    points_awarded: int
    points_available: int


@dataclass(frozen=True)
class NewDay:
    """A day of a member, about to be written down."""

    member_id: int
    award: Award
    made_up: bool = False


Remark = Mapping[str, Any]
NO_REMARK: Remark = {}


def record(
    session: Session,
    rule: Rule,
    moment: datetime,
    days: Sequence[NewDay],
    remark: Remark = NO_REMARK,
) -> list[CheckedIn]:
    """Write the days down, and grant what they bring.

    :param remark: added to every explanation.
    """
    if not days:
        return []
    bulk.insert(session, check_ins, [_day_row(new, rule, moment) for new in days])
    bulk.insert(session, milestones, _milestone_rows(days, rule, moment))
    grants = [_grants(new, rule, moment, remark) for new in days]
    granted = iter(grant_all([grant for of_day in grants for grant in of_day]))
    given = [list(zip(new.award.rewards(), granted, strict=False)) for new in days]
    without = [
        new.member_id for new, of_day in zip(days, given, strict=True) if not _points(of_day)
    ]
    available = available_points(without) if without else {}
    return [
        _checked_in(new, of_day, available.get(new.member_id, 0))
        for new, of_day in zip(days, given, strict=True)
    ]


def _day_row(new: NewDay, rule: Rule, moment: datetime) -> dict[str, Any]:
    return {
        "member_id": new.member_id,
        "day": new.award.day,
        "made_up": new.made_up,
        "rule_version": rule.version,
        "rewards": new.award.rewards_json(),
        "points": new.award.points,
        "created_at": moment,
    }


def _milestone_rows(days: Sequence[NewDay], rule: Rule, moment: datetime) -> list[dict[str, Any]]:
    return [
        {
            "member_id": new.member_id,
            "kind": occasion.kind,
            "days": occasion.days,
            "occasion_on": occasion.on,
            "day": new.award.day,
            "rule_version": rule.version,
            "paid_at": moment,
        }
        for new in days
        for occasion in new.award.occasions
    ]


def _grants(new: NewDay, rule: Rule, moment: datetime, remark: Remark) -> list[Grant]:
    today = clock.to_day(moment)
    return [
        Grant(
            new.member_id,
            reward.kind,
            reward.amount,
            _reason(part),
            _reference(new.award.day, part),
            item=reward.item,
            expires_at=_expiry(reward, today),
            explanation={**_explanation(new, rule, part), **remark},
        )
        for part, reward in new.award.rewards()
    ]


def _reason(part: Part) -> Reason:
    if part.occasion is None:
        return reasons.DAILY
    return reasons.STREAK if part.occasion.kind == STREAK else reasons.TOTAL


def _reference(day: date, part: Part) -> str:
    """What makes the grant unique: the day, or the milestone's occasion."""
    if part.occasion is None:
        return f"checkin:{day}"
    kind, days, on = part.occasion
    return f"checkin:{kind}:{days}" if kind == EVER else f"checkin:{kind}:{days}:{on}"


def _expiry(reward: Reward, today: date) -> datetime | None:
    """The end of its last day, counted from the day on which it is given."""
    if reward.valid_days is None:
        return None
    return clock.starts_at(today + timedelta(days=reward.valid_days + 1))


def _explanation(new: NewDay, rule: Rule, part: Part) -> dict[str, Any]:
    """Why these rewards, in plain values, kept in the entry for ever."""
    milestone = {} if part.occasion is None else {"milestone_days": part.occasion.days}
    return {
        "rule": "checkin",
        "version": rule.version,
        "day": new.award.day.isoformat(),
        "made_up": new.made_up,
        "streak_days": new.award.streak_days,
        "day_of_cycle": new.award.day_of_cycle,
        "parts": [
            {"cause": part.cause, **milestone, **reward.as_json()} for reward in part.rewards
        ],
    }


GivenReward = tuple[tuple[Part, Reward], Granted]


def _points(given: Sequence[GivenReward]) -> bool:
    return any(granted.points_available is not None for _, granted in given)


def _checked_in(new: NewDay, given: Sequence[GivenReward], otherwise: int) -> CheckedIn:
    balances = [
        granted.points_available for _, granted in given if granted.points_available is not None
    ]
    return CheckedIn(
        new.award.day,
        new.award.streak_days,
        new.award.day_of_cycle,
        tuple(
            {"kind": reward.kind, "cause": part.cause, **granted.told}
            for (part, reward), granted in given
        ),
        sum(granted.told.get("points", 0) for _, granted in given),
        balances[-1] if balances else otherwise,
    )
