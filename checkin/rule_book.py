"""The versions of the check-in rule: which is in force on a day, and how a new one is published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, withdrawals
from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.withdrawals import Withdrawal, last_number, standing
from points_mall.grants.kinds import check_reward

from .errors import RuleJustChanged, RuleNotAllowed
from .models import CheckIn, CheckInRule
from .terms import FIRST_TERMS, Terms, check_terms, terms_from_json

rules = cast(sa.Table, CheckInRule.__table__)

SINCE_EVER = date(2000, 1, 1)
"""From when on a shop's first rule counts, so that every day has a rule."""


@dataclass(frozen=True)
class Rule:
    """A version of the rule as it is read."""

    version: int
    effective_on: date
    terms: Terms


FIRST_RULE = Rule(1, SINCE_EVER, FIRST_TERMS)

_COLUMNS = (
    rules.c.version,
    rules.c.effective_on,
    sa.type_coerce(rules.c.terms, sa.Text).label("terms"),
)
_NEWEST_FIRST = (rules.c.effective_on.desc(), rules.c.version.desc())
_IN_FORCE = (
    sa.select(*_COLUMNS)
    .where(rules.c.effective_on <= sa.bindparam("day", type_=sa.Date), standing(rules))
    .order_by(*_NEWEST_FIRST)
    .limit(1)
)
_TAKING_EFFECT = (
    sa.select(*_COLUMNS)
    .where(
        rules.c.effective_on > sa.bindparam("after", type_=sa.Date),
        rules.c.effective_on <= sa.bindparam("until", type_=sa.Date),
        standing(rules),
    )
    .order_by(*_NEWEST_FIRST)
)


def in_force(session: Session, day: date) -> Rule:
    """The rule of a day; a shop that has none yet has the first one, written or not."""
    row = session.execute(_IN_FORCE, {"day": day}).one_or_none()
    return _rule(row) if row else FIRST_RULE


def from_day_on(session: Session, day: date, until: date) -> list[Rule]:
    """The rules that are in force from `day` until `until`, the latest first."""
    rows = session.execute(_TAKING_EFFECT, {"after": day, "until": until})
    return [*map(_rule, rows), in_force(session, day)]


def on_day(rules_latest_first: Sequence[Rule], day: date) -> Rule:
    """Which of these rules a day has."""
    return next(
        (rule for rule in rules_latest_first if rule.effective_on <= day), rules_latest_first[-1]
    )


def ensure_first_rule(session: Session) -> None:
    """Write the first rule where there is none; safe in a crowd, as a version is unique."""
    if session.scalar(sa.select(sa.exists(sa.select(rules.c.id)))):
        return
    row = _row(1, SINCE_EVER, FIRST_TERMS, "首个签到规则 · the first rule", "system")
    bulk.insert_missing(session, rules, [row])


@retrying
def publish(terms: Terms, effective_on: date, *, note: str = "", actor: str = "system") -> Rule:
    """Save a new version, in force from the shop's midnight that begins `effective_on`.

    The past is not changed, nor a day on which members have already checked in: so the first day is
    tomorrow, or today in a shop where nobody has.

    :raises RuleNotAllowed: it does not fit together, or its day has begun.
    :raises RewardNotAllowed: nobody gives one of its rewards.
    """
    check_terms(terms)
    for rewards in terms.all_rewards():
        for reward in rewards:
            check_reward(reward)
    with transaction() as session:
        ensure_first_rule(session)
        begun = session.scalar(sa.select(sa.exists().where(CheckIn.day >= today())))
        if effective_on < today() or (effective_on == today() and begun):
            raise RuleNotAllowed(
                f"{effective_on} has begun; a rule changes from tomorrow on",
                effective_on=effective_on,
            )
        version = 1 + last_number(session, rules)
        row = _row(version, effective_on, terms, note, actor)
        if not bulk.insert_missing(session, rules, [row]):
            raise RuleJustChanged(f"version {version} was saved by somebody else")
    return Rule(version, effective_on, terms)


@retrying
def withdraw(version: int, *, note: str = "", actor: str = "system") -> None:
    """Take back a version before it begins: it never does.

    :raises NoSuchVersion: there is none of that number.
    :raises VersionStays: it has begun, begins within a minute, or was withdrawn before.
    """
    with transaction() as session:
        if not withdrawals.withdraw(
            session,
            rules,
            version,
            lambda row: starts_at(row["effective_on"]),
            note=note,
            actor=actor,
        ):
            raise RuleJustChanged("the rule was changed by somebody else")


def versions(session: Session) -> Sequence[CheckInRule]:
    """Every version, the newest first, and those that were withdrawn."""
    query = sa.select(CheckInRule).where(CheckInRule.withdraws.is_(None))
    return session.scalars(query.order_by(CheckInRule.version.desc())).all()


def withdrawn(session: Session) -> Mapping[int, Withdrawal]:
    """The versions that were withdrawn: by whom, when and why."""
    return withdrawals.withdrawals(session, rules)


def _row(version: int, day: date, terms: Terms, note: str, actor: str) -> dict[str, Any]:
    return {
        "version": version,
        "effective_on": day,
        "terms": terms.as_json(),
        "note": note,
        "actor": actor,
        "created_at": now(),
    }


def _rule(row: Any) -> Rule:
    return Rule(row.version, row.effective_on, _read_terms(row.terms))


@lru_cache(maxsize=64)
def _read_terms(text: str) -> Terms:
    """The terms of a version, read once: a version never changes."""
    return terms_from_json(json.loads(text))
