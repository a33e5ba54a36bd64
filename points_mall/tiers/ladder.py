"""The versions of the ladder: which is in force, and the tiers that it has."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from miniprogram_api.core.withdrawals import standing

from .models import TierLadder
from .steps import Tier
from .terms import FIRST_TERMS, Ladder, Terms, terms_from_json

SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)
"""From when on a shop's first ladder counts, so that every moment has one."""

versions = cast(sa.Table, TierLadder.__table__)

_VERSIONS = (
    sa.select(
        versions.c.version,
        versions.c.starts_at,
        sa.type_coerce(versions.c.terms, sa.Text).label("terms"),
    )
    .where(standing(versions))
    .order_by(versions.c.starts_at, versions.c.version)
)


FIRST_LADDER = Ladder(1, SINCE_EVER, FIRST_TERMS)


def read_ladders() -> tuple[Ladder, ...]:
    """Every version that was not withdrawn, in the order in which they come into force; a shop without
    any has the first.
    """
    rows = db.session.execute(_VERSIONS).all()
    return tuple(_ladder(row) for row in rows) or (FIRST_LADDER,)


_known: Memory[str, tuple[Ladder, ...]] = Memory("tiers.ladders", lambda _key: read_ladders())


def ladders() -> tuple[Ladder, ...]:
    """Every version, kept for a second: a new one begins tomorrow, so nobody reads it too late."""
    return _known.get("") or (FIRST_LADDER,)


def forget() -> None:
    """Read the versions anew at the next question."""
    _known.forget()


def current() -> Ladder:
    """The version in force now."""
    return in_force(ladders(), now())


def in_force(found: tuple[Ladder, ...], moment: datetime) -> Ladder:
    """Which of these versions a moment has; of two that begin together the newer."""
    return next((one for one in reversed(found) if one.starts_at <= moment), found[0])


def tiers() -> tuple[Tier, ...]:
    """The tiers of the ladder in force, the lowest first; a rank is a place."""
    return current().terms.tiers


def tier_of_rank(rank: int) -> Tier:
    """The tier of a rank; one beyond the ladder is its highest step."""
    return current().terms.tier_of_rank(rank)


def tier_of_code(code: str) -> Tier | None:
    """The tier of a code; None: there is none."""
    return current().terms.tier_of_code(code)


def _ladder(row: Any) -> Ladder:
    return Ladder(row.version, row.starts_at, _read_terms(row.terms))


@lru_cache(maxsize=64)
def _read_terms(text: str) -> Terms:
    """The terms of a version, read once: a version never changes."""
    return terms_from_json(json.loads(text))
