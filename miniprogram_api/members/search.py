"""Finding members: by a part of the name, by the phone, by the member number; newest first.

Every way is one range of an index. A page continues after the last id of the one before, so that
nothing is shown twice or left out when members join meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

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
    before_id: int | None = None,
    limit: int = PAGE,
) -> Found:
    """One page of the members that fit, the newest first; an empty term fits everybody.

    :param way: what the term is; judged by its form where not given.
    :param standing: only these; closed accounts have neither name nor phone to be found by.
    :param before_id: `next_before_id` of the page before.
    """
    wanted = term.strip()
    query = sa.select(Member).order_by(Member.id.desc()).limit(limit + 1)
    query = query.where(*_stands(standing))
    if wanted and (way or way_of(wanted)) is Way.NAME:
        query = query.where(Member.id.in_(_named(wanted, standing, before_id).limit(limit + 1)))
    elif wanted:
        query = query.where(_known_by(wanted, way or way_of(wanted)))
    if before_id is not None:
        query = query.where(Member.id < before_id)
    rows = db.session.scalars(query).all()
    shown = rows[:limit]
    return Found(shown, shown[-1].id if len(rows) > limit else None)


def _stands(standing: Standing | None) -> list[sa.ColumnElement[bool]]:
    if standing is Standing.OPEN:
        return [Member.closed_at.is_(None)]
    if standing is Standing.CLOSED:
        return [Member.closed_at.is_not(None)]
    if standing is Standing.BLOCKED:
        return [Member.id.in_(blocked_members())]
    return []


def _named(term: str, standing: Standing | None, before_id: int | None) -> sa.Select[int]:
    """The ids of members in whose name the term stands, the newest first.

    All whom a tail names are open.
    """
    begins = folded(term)[:LONGEST_TAIL]
    query = (
        sa.select(NameTail.member_id)
        .where(NameTail.tail >= begins, NameTail.tail < begins + LAST_SIGN)
        .group_by(NameTail.member_id)
        .order_by(NameTail.member_id.desc())
    )
    if standing is Standing.BLOCKED:
        query = query.where(NameTail.member_id.in_(blocked_members()))
    if before_id is not None:
        query = query.where(NameTail.member_id < before_id)
    return query


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
