"""The versions of the earning rule: which was in force at a moment, and how a new one is published."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, withdrawals
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.withdrawals import Withdrawal, last_number, standing

from .errors import EarningRuleJustChanged, EarningRuleNotAllowed
from .models import EarningRule
from .terms import Terms, check_terms, terms_from_json

rules = cast(sa.Table, EarningRule.__table__)


@dataclass(frozen=True)
class Rule:
    """A version of the rule as it is read."""

    version: int
    starts_at: datetime
    terms: Terms


_MOMENT = rules.c.starts_at.type
_BEGUN_BEFORE = (
    sa.select(sa.func.max(rules.c.starts_at))
    .where(rules.c.starts_at <= sa.bindparam("since", type_=_MOMENT), standing(rules))
    .scalar_subquery()
)
_IN_FORCE = (
    sa.select(
        rules.c.version,
        rules.c.starts_at,
        sa.type_coerce(rules.c.terms, sa.Text).label("terms"),
    )
    .where(
        rules.c.starts_at <= sa.bindparam("until", type_=_MOMENT),
        rules.c.starts_at >= sa.func.coalesce(_BEGUN_BEFORE, sa.bindparam("since", type_=_MOMENT)),
        standing(rules),
    )
    .order_by(rules.c.starts_at.desc(), rules.c.version.desc())
)


def at_moments(session: Session, moments: Iterable[datetime]) -> dict[datetime, Rule | None]:
    """The rule that was in force at each moment, by one statement; None before the first one."""
    wanted = set(moments)
    if not wanted:
        return {}
    rows = session.execute(_IN_FORCE, {"since": min(wanted), "until": max(wanted)})
    latest_first = [Rule(row.version, row.starts_at, _read_terms(row.terms)) for row in rows]
    return {moment: _begun(latest_first, moment) for moment in wanted}


def in_force(session: Session, moment: datetime) -> Rule | None:
    """The rule of a moment; None in a shop that had none."""
    return at_moments(session, [moment])[moment]


@retrying
def publish(
    terms: Terms, starts_at: datetime | None = None, *, note: str = "", actor: str = "system"
) -> Rule:
    """Save a new version, in force from a moment on; without one, from now.

    What was awarded before is not changed. A rule cannot begin in the past, but for a shop's first.

    :raises EarningRuleNotAllowed: it does not fit together, or its moment is past.
    """
    check_terms(terms)
    with transaction() as session:
        moment = now()
        begins = starts_at or moment
        version = 1 + last_number(session, rules)
        if begins < moment and version > 1:
            raise EarningRuleNotAllowed(
                f"{in_shop_time(begins)} is past; what purchases earned does not change",
                starts_at=begins,
            )
        row = {
            "version": version,
            "starts_at": begins,
            "terms": terms.as_json(),
            "note": note,
            "actor": actor,
            "created_at": moment,
        }
        if not bulk.insert_missing(session, rules, [row]):
            raise EarningRuleJustChanged(f"version {version} was saved by somebody else")
    return Rule(version, begins, terms)


@retrying
def withdraw(version: int, *, note: str = "", actor: str = "system") -> None:
    """Take back a version before it begins: it never does.

    :raises NoSuchVersion: there is none of that number.
    :raises VersionStays: it has begun, begins within a minute, or was withdrawn before.
    """
    with transaction() as session:
        if not withdrawals.withdraw(
            session, rules, version, lambda row: row["starts_at"], note=note, actor=actor
        ):
            raise EarningRuleJustChanged("the rule was changed by somebody else")


def versions(session: Session) -> Sequence[EarningRule]:
    """Every version, the newest first, and those that were withdrawn."""
    query = sa.select(EarningRule).where(EarningRule.withdraws.is_(None))
    return session.scalars(query.order_by(EarningRule.version.desc())).all()


def withdrawn(session: Session) -> Mapping[int, Withdrawal]:
    """The versions that were withdrawn: by whom, when and why."""
    return withdrawals.withdrawals(session, rules)


def _begun(latest_first: Sequence[Rule], moment: datetime) -> Rule | None:
    return next((rule for rule in latest_first if rule.starts_at <= moment), None)


@lru_cache(maxsize=64)
def _read_terms(text: str) -> Terms:
    """The terms of a version, read once: a version never changes."""
    return terms_from_json(json.loads(text))
