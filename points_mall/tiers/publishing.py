"""Publishing a version of the ladder, and taking one back before it begins."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk, withdrawals
from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.withdrawals import Withdrawal, last_number
from points_mall.grants.kinds import check_reward

from . import ladder
from .errors import LadderJustChanged, LadderNotAllowed
from .ladder import FIRST_LADDER, SINCE_EVER
from .models import TierGrowth, TierLadder, TierMove
from .terms import Ladder, Terms, check_follows, check_terms

versions = cast(sa.Table, TierLadder.__table__)


@retrying
def publish(terms: Terms, starts_on: date, *, note: str = "", actor: str = "system") -> Ladder:
    """Save a new version, in force from the shop's midnight that begins `starts_on`.

    The past is not judged anew: the first day is tomorrow, and tiers keep their ranks, with new ones
    above them. Only in a shop where nobody has grown or been moved may it be today, with any tiers:
    that version counts since ever.

    :raises LadderNotAllowed: it does not fit together, moves a tier, or its day has begun.
    :raises RewardNotAllowed: nobody gives one of its gifts.
    """
    check_terms(terms)
    for tier in terms.tiers:
        for reward in tier.upgrade_gift:
            check_reward(reward)
    with transaction() as session:
        known = ladder.read_ladders()
        is_first = starts_on == today() and not _has_begun(session)
        if not is_first:
            _require_to_come(starts_on)
            for one in known:
                check_follows(terms, one.terms)
            _ensure_first(session)
        from_when = SINCE_EVER if is_first else starts_at(starts_on)
        number = 1 + (last_number(session, versions) or FIRST_LADDER.version)
        new = Ladder(number, from_when, terms)
        if not bulk.insert_missing(session, versions, [_row(new, note, actor)]):
            raise LadderJustChanged(f"version {new.version} was saved by somebody else")
    ladder.forget()
    return new


@retrying
def withdraw(version: int, *, note: str = "", actor: str = "system") -> None:
    """Take back a version before it begins: it never does.

    :raises NoSuchVersion: there is none of that number.
    :raises VersionStays: it has begun, begins within a minute, or was withdrawn before.
    """
    with transaction() as session:
        if not withdrawals.withdraw(
            session, versions, version, lambda row: row["starts_at"], note=note, actor=actor
        ):
            raise LadderJustChanged("the ladder was changed by somebody else")
    ladder.forget()


def all_versions() -> Sequence[TierLadder]:
    """Every version, the newest first, and those that were withdrawn; empty where only the first
    ladder was ever in force.
    """
    query = sa.select(TierLadder).where(TierLadder.withdraws.is_(None))
    return db.session.scalars(query.order_by(TierLadder.version.desc())).all()


def withdrawn() -> Mapping[int, Withdrawal]:
    """The versions that were withdrawn: by whom, when and why."""
    return withdrawals.withdrawals(db.session(), versions)


def _has_begun(session: Session) -> bool:
    """Whether anybody has grown or been moved, so that there is a past to keep."""
    begun = sa.exists(sa.select(TierGrowth.id)) | sa.exists(sa.select(TierMove.id))
    return bool(session.scalar(sa.select(begun)))


def _require_to_come(starts_on: date) -> None:
    if starts_on <= today():
        raise LadderNotAllowed(
            f"{starts_on} has begun; the ladder changes from tomorrow on",
            starts_on=starts_on,
        )


def _ensure_first(session: Session) -> None:
    """Write the first ladder where there is none; safe in a crowd, as a version is unique."""
    if session.scalar(sa.select(sa.exists(sa.select(versions.c.id)))):
        return
    row = _row(FIRST_LADDER, "首个等级规则 · the first ladder", "system")
    bulk.insert_missing(session, versions, [row])


def _row(new: Ladder, note: str, actor: str) -> dict[str, Any]:
    return {
        "version": new.version,
        "starts_at": new.starts_at,
        "terms": new.terms.as_json(),
        "note": note,
        "actor": actor,
        "created_at": now(),
    }
