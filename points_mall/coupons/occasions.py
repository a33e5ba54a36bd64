"""Gifts on a member's own occasions: joining, and the birthday. What is given is a rule in the database.

Each is given once for its reference (`welcome`, `birthday:2026`), however often a job is run. Who was
born on 29 February has the birthday on 1 March of other years.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.memory import Memory
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.members.models import Member
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant, check_reward
from points_mall.grants.rewards import Reward, reward_from_json
from points_mall.ledger import posting

from .errors import OccasionRuleNotAllowed
from .models import OccasionRule
from .reasons import BIRTHDAY, WELCOME
from .tier_gifts import give_birthday_coupons

WELCOME_JOB = "coupons.welcome"
OCCASIONS = {"welcome": WELCOME, "birthday": BIRTHDAY}
MOST_REWARDS = 10
BATCH = 500

rules = cast(sa.Table, OccasionRule.__table__)
members = cast(sa.Table, Member.__table__)
_LATEST = (
    sa.select(rules.c.rewards, rules.c.version)
    .where(rules.c.occasion == sa.bindparam("occasion"))
    .order_by(rules.c.version.desc())
    .limit(1)
)
_OPEN = sa.select(members.c.id).where(among(members.c.id, "members"), members.c.closed_at.is_(None))


@retrying
def publish(occasion: str, rewards: Sequence[Reward], *, actor: str) -> int:
    """Say what is given on an occasion from now on; nothing ends it. Answer the rule's version.

    :raises OccasionRuleNotAllowed: there is no such occasion, or one thing is named twice.
    :raises RewardNotAllowed: nobody gives one of the rewards.
    """
    if occasion not in OCCASIONS:
        raise OccasionRuleNotAllowed(f"occasions are {', '.join(OCCASIONS)}")
    things = {(reward.kind, reward.item) for reward in rewards}
    if len(things) < len(rewards) or len(rewards) > MOST_REWARDS:
        raise OccasionRuleNotAllowed(f"{MOST_REWARDS} rewards at most, each thing once")
    with transaction() as session:
        for reward in rewards:
            check_reward(reward)
        version = (_version(session, occasion) or 0) + 1
        row = {
            "occasion": occasion,
            "version": version,
            "rewards": [reward.as_json() for reward in rewards],
            "actor": actor,
            "created_at": clock.now(),
        }
        bulk.insert(session, rules, [row])
    _known.forget()
    return version


def rewards_on(occasion: str) -> tuple[Reward, ...]:
    """What is given on an occasion today, a second old at most."""
    return _known.get(occasion) or ()


def welcome(member_id: int, **_facts: object) -> None:
    """In the transaction that enrols: write down that the newcomer gets the welcome gift."""
    if rewards_on("welcome"):
        enqueue(WELCOME_JOB, {"member_id": member_id}, key=str(member_id))


def give_welcome(member_id: int) -> int:
    """Give a newcomer what new members get; answer how many things were given."""
    return _give("welcome", [member_id], "welcome")


def give_birthday_gifts(today: date | None = None) -> int:
    """Give everybody whose birthday is today what is given then, and what their tier has for it, in
    batches; answer how many members that were.
    """
    day = today or clock.today()
    born_on, after, total = _born_on(day), 0, 0
    while ids := _members_born(born_on, after):
        _give("birthday", ids, f"birthday:{day.year}")
        give_birthday_coupons(ids, day)
        total += len(ids)
        after = ids[-1]
    return total


def _give(occasion: str, member_ids: Sequence[int], reference: str) -> int:
    return _give_in_one(occasion, tuple(member_ids), reference, rewards_on(occasion))


@retrying
def _give_in_one(
    occasion: str, member_ids: tuple[int, ...], reference: str, rewards: tuple[Reward, ...]
) -> int:
    with transaction() as session:
        posting.lock_accounts(member_ids)
        present = sorted(session.scalars(_OPEN, {"members": list(member_ids)}))
        grants = [_grant(one, occasion, reward, reference) for one in present for reward in rewards]
        return len(grant_all(grants))


def _grant(member_id: int, occasion: str, reward: Reward, reference: str) -> Grant:
    until = None
    if reward.valid_days is not None:
        until = clock.starts_at(clock.today() + timedelta(days=reward.valid_days + 1))
    reason = OCCASIONS[occasion]
    return Grant(
        member_id, reward.kind, reward.amount, reason, reference, reward.item, expires_at=until
    )


def _born_on(day: date) -> list[tuple[int, int]]:
    """The birthdays that are celebrated on a day, as (month, day)."""
    born = [(day.month, day.day)]
    is_leap = (day - timedelta(days=1)).day == 29
    return [*born, (2, 29)] if born == [(3, 1)] and not is_leap else born


def _members_born(born_on: Sequence[tuple[int, int]], after: int) -> list[int]:
    month, day = sa.extract("month", members.c.birthday), sa.extract("day", members.c.birthday)
    query = (
        sa.select(members.c.id)
        .where(members.c.id > after, members.c.closed_at.is_(None))
        .where(sa.or_(*(sa.and_(month == at, day == on) for at, on in born_on)))
        .order_by(members.c.id)
        .limit(BATCH)
    )
    db.session.rollback()  # read what is committed now
    return list(db.session.scalars(query))


def _version(session: Session, occasion: str) -> int | None:
    row = session.execute(_LATEST, {"occasion": occasion}).one_or_none()
    return None if row is None else row.version


def _read(occasion: str) -> tuple[Reward, ...] | None:
    row: Any = db.session.execute(_LATEST, {"occasion": occasion}).one_or_none()
    return () if row is None else tuple(reward_from_json(one) for one in row.rewards)


_known: Memory[str, tuple[Reward, ...]] = Memory("coupons.occasions", _read)
