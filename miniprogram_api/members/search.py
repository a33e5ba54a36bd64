"""Finding members: by a part of the name, by the phone, by the member number; newest first.

Every way is one range of an index. A page continues after the last id of the one before, so that
nothing is shown twice or left out when members join meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db
from miniprogram_api.risk.blocks import blocked_members

from .accounts import last4_index
from .models import LONGEST_TAIL, Member, NameTail
from .names import folded
from .rules import international, is_member_no

HOME_COUNTRY_CODE = "86"
LAST_SIGN = chr(0x10FFFF)
PAGE = 20


class Way(StrEnum):
    """What a search goes by."""

    NAME = "name"
    PHONE = "phone"
    LAST4 = "last4"
    NUMBER = "number"


class Standing(StrEnum):
    """Which members a list shows."""

    OPEN = "open"
    CLOSED = "closed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Found:
    """One page of members, and the id after which the next one goes on; None: that was all."""

    members: Sequence[Member]
    next_before_id: int | None


def way_of(term: str) -> Way:
    """What somebody means who typed this: sixteen digits with their check digit are a member number,
    eleven (or any with a `+`) a phone, four its end; all else is a part of a name.
    """
    digits = _digits(term)
    if is_member_no(digits):
        return Way.NUMBER
    plain = digits.removeprefix("+")
    if plain.isascii() and plain.isdigit():
        if len(digits) == 11 or (digits.startswith("+") and len(plain) > 6):
            return Way.PHONE
        if len(digits) == 4:
            return Way.LAST4
    return Way.NAME


def find(
    term: str = "",
    *,
    way: Way | None = None,
    standing: Standing | None = None,
    among: Sequence[sa.Select[int]] = (),
    before_id: int | None = None,
    limit: int = PAGE,
) -> Found:
    """One page of the members that fit, the newest first; an empty term fits everybody.

    :param way: what the term is; judged by its form where not given.
    :param standing: only these; closed accounts have neither name nor phone to be found by.
    :param among: queries for ids of members, each once; only who is found by all of them.
    :param before_id: `next_before_id` of the page before.
    """
    wanted = term.strip()
    sought = (way or way_of(wanted)) if wanted else None
    query = sa.select(Member).order_by(Member.id.desc()).limit(limit + 1)
    if standing in _CLOSED_OR_NOT:
        query = query.where(_CLOSED_OR_NOT[standing])
    if sought is Way.NAME:
        query = query.where(_first_of(_named(wanted), standing, among, before_id, limit))
    elif sought is None and among and standing not in _CLOSED_OR_NOT:
        query = query.where(_first_of(among[0], standing, among[1:], before_id, limit))
    else:
        query = query.where(*_within(Member.id, standing, among, before_id))
    if sought is not None and sought is not Way.NAME:
        query = query.where(_known_by(wanted, sought))
    _plan_anew(db.session())
    rows = db.session.scalars(query).all()
    shown = rows[:limit]
    return Found(shown, shown[-1].id if len(rows) > limit else None)


_CLOSED_OR_NOT = {
    Standing.OPEN: Member.closed_at.is_(None),
    Standing.CLOSED: Member.closed_at.is_not(None),
}


def _first_of(
    found: sa.Select[int],
    standing: Standing | None,
    among: Sequence[sa.Select[int]],
    before_id: int | None,
    limit: int,
) -> sa.ColumnElement[bool]:
    """Who is on the page, where a query for ids decides by itself: only its first are looked up."""
    ids = found.selected_columns[0]
    narrowed = found.where(*_within(ids, standing, among, before_id))
    return Member.id.in_(narrowed.order_by(ids.desc()).limit(limit + 1))


def _plan_anew(session: Session) -> None:
    """Let PostgreSQL plan the search for what is asked, in this transaction.

    A plan that it keeps for every term walks all names for one that nobody has.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _within(
    ids: Any,
    standing: Standing | None,
    among: Sequence[sa.Select[int]],
    before_id: int | None,
) -> list[sa.ColumnElement[bool]]:
    """By what the ids of members are narrowed down.

    Each set is cut off at the page's beginning as well: the planner does not see by itself that who
    stands above it in a set is never met.
    """
    blocked = [ids.in_(blocked_members())] if standing is Standing.BLOCKED else []
    if before_id is None:
        return [*blocked, *(ids.in_(one) for one in among)]
    below = (one.where(one.selected_columns[0] < before_id) for one in among)
    return [ids < before_id, *blocked, *(ids.in_(one) for one in below)]


def _named(term: str) -> sa.Select[int]:
    """The ids of members in whose name the term stands, each once.

    All whom a tail names are open.
    """
    begins = folded(term)[:LONGEST_TAIL]
    return (
        sa.select(NameTail.member_id)
        .where(NameTail.tail >= begins, NameTail.tail < begins + LAST_SIGN)
        .group_by(NameTail.member_id)
    )


def _known_by(term: str, way: Way) -> sa.ColumnElement[bool]:
    digits = _digits(term)
    if way is Way.NUMBER:
        return Member.member_no == digits
    if way is Way.LAST4:
        return Member.phone_last4_index == last4_index(digits)
    spelt = digits if digits.startswith("+") else international(digits, HOME_COUNTRY_CODE)
    return Member.phone_index == blind_index(spelt, "member.phone")


def _digits(term: str) -> str:
    return term.replace(" ", "").replace("-", "")
