"""Filling an empty shop with invented members and their past: fast, and as the ledger would have it.

On PostgreSQL the rows go in by COPY. Ids are given out here, which is why the shop must be empty.
"""

import random
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.crypto import blind_index, seal
from miniprogram_api.core.db import canonical_json, db, transaction, unhurried
from miniprogram_api.core.ids import luhn_digit
from miniprogram_api.core.settings import settings
from miniprogram_api.members.accounts import last4_index, phone_place
from miniprogram_api.members.models import Member, MemberIdentity, NameTail
from miniprogram_api.members.names import tails_of
from miniprogram_api.members.rules import NUMBER_DIGITS, NUMBER_PREFIX
from points_mall.ledger.entries import Entry
from points_mall.ledger.models import LedgerEntry, LotDraw, PointsAccount, PointsLot

from . import made_up
from .made_up import Life, Numbers

BLOCK = 4_000
"""Members made and written in one transaction."""

SPREAD = 7_368_787_913
"""Has no divisor in common with a power of ten, so that its multiples repeat late."""

YEAR = timedelta(days=365)
LONGEST_MEMBER = timedelta(days=3 * 365)

Rows = Iterable[Sequence[Any]]


class NotEmpty(Exception):
    """There are members already, or customers."""


@dataclass
class _Person:
    """One invented member before and after living."""

    id: int
    nickname: str | None
    phone: str | None
    joined_at: datetime
    closed_at: datetime | None
    moments: list[datetime]


def fill(members: int, entries: int) -> Iterator[int]:
    """Enrol so many members and post at least so many entries of the year past; yields members done.

    :raises NotEmpty: there are members, or this is production.
    """
    _require_nobody()
    chance = random.Random(secrets.randbits(64))  # noqa: S311 - invents people, guards nothing
    first_entry, first_lot = 1, 1
    for first_id in range(1, members + 1, BLOCK):
        size = min(BLOCK, members - first_id + 1)
        share = entries * (first_id - 1 + size) // members - entries * (first_id - 1) // members
        people = _people(first_id, size, share, chance)
        lives = [
            _lived(person, Numbers(first_lot, place, size), chance)
            for place, person in enumerate(people)
        ]
        first_entry = _number_entries(lives, first_entry)
        first_lot += size * max(len(life.granted) for life in lives)
        with transaction() as session:
            _write(session, people, lives)
        yield size
    _settle()


def _require_nobody() -> None:
    if settings().is_production:
        raise NotEmpty("invented members have no place in production")
    if db.session.scalar(sa.select(Member.id).limit(1)) is not None:
        raise NotEmpty("invented members need an empty shop")


def _people(first_id: int, size: int, entries: int, chance: random.Random) -> list[_Person]:
    """Members of a block, and when each did something: `entries` moments in all."""
    shares = [chance.expovariate(1) for _ in range(size)]
    whole, given = sum(shares), 0.0
    people = []
    for place, share in enumerate(shares):
        begun = round(given * entries / whole)
        given += share
        count = max(1, round(given * entries / whole) - begun)
        people.append(_person(first_id + place, count, chance))
    return people


def _person(member_id: int, count: int, chance: random.Random) -> _Person:
    moment = now()
    joined_at = moment - chance.random() * LONGEST_MEMBER
    since = max(joined_at, moment - YEAR)
    moments = sorted(since + chance.random() * (moment - since) for _ in range(count))
    if chance.random() < made_up.LEAVES:
        return _Person(member_id, None, None, joined_at, moments[-1], moments)
    phone = f"+86199{member_id:08d}" if chance.random() < made_up.PHONES else None
    return _Person(member_id, made_up.nickname(chance), phone, joined_at, None, moments)


def _lived(person: _Person, lot_ids: Numbers, chance: random.Random) -> Life:
    offset = in_shop_time(person.joined_at).utcoffset() or timedelta(0)
    leaves = person.closed_at is not None
    return made_up.live(person.id, person.moments, now(), offset, lot_ids, chance, leaves=leaves)


def _number_entries(lives: list[Life], first_id: int) -> int:
    """Give the entries ids in turn, as if their members had lived at one time; answer the next id."""
    number = first_id
    for _, entry in _in_turn(lives):
        entry.id = number
        number += 1
    for life in lives:
        for entry, lot in life.granted:
            lot.entry_id = entry.id
    return number


def _in_turn(lives: list[Life]) -> Iterator[tuple[Life, Entry]]:
    """Everybody's first entry, then everybody's second, and so on."""
    for wave in range(max(len(life.entries) for life in lives)):
        for life in lives:
            if wave < len(life.entries):
                yield life, life.entries[wave]


def _write(session: Session, people: list[_Person], lives: list[Life]) -> None:
    unhurried(session)
    accounts = {person.id: (person, life) for person, life in zip(people, lives, strict=True)}
    _put(session, Member, _MEMBER, map(_member_row, people))
    _put(
        session, MemberIdentity, ("member_id", "appid", "openid"), map(_identity_row, _open(people))
    )
    _put(session, NameTail, ("member_id", "tail"), _tail_rows(people))
    _put(session, PointsAccount, _ACCOUNT, (_account_row(*pair) for pair in accounts.values()))
    _put(session, LedgerEntry, _ENTRY, _entry_rows(lives))
    _put(session, PointsLot, _LOT, _lot_rows(lives))
    _put(session, LotDraw, ("entry_id", "lot_id", "kind", "points"), _draw_rows(lives))


def _put(session: Session, model: Any, columns: Sequence[str], rows: Rows) -> None:
    table = cast(sa.Table, model.__table__)
    if session.get_bind().dialect.name != "postgresql":
        given = [dict(zip(columns, row, strict=True)) for row in rows]
        if given:
            session.execute(sa.insert(table), given)
        return
    driver = cast(Any, session.connection().connection.driver_connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([canonical_json(it) if isinstance(it, dict) else it for it in row])


_MEMBER = (
    "id", "member_no", "nickname", "nickname_checked", "phone_sealed", "phone_index",
    "phone_last4_index", "joined_at", "closed_at",
)  # fmt: skip
_ACCOUNT = (
    "id", "member_id", "available", "held", "debt", "pending", "lifetime_earned", "last_seq",
    "last_hash", "opened_at",
)  # fmt: skip
_ENTRY = (
    "id", "account_id", "seq", "points", "counterparty", "balance_after", "reason", "reference",
    "explanation", "actor", "occurred_at", "expires_at", "prev_hash", "hash",
)  # fmt: skip
_LOT = ("id", "account_id", "entry_id", "granted", "remaining", "held", "expires_at")


def _open(people: list[_Person]) -> Iterator[_Person]:
    return (person for person in people if person.closed_at is None)


def _member_row(person: _Person) -> Sequence[Any]:
    phone = person.phone
    sealed = (
        (None, None, None)
        if phone is None
        else (
            seal(phone, phone_place(person.id)),
            blind_index(phone, "member.phone"),
            last4_index(phone),
        )
    )
    named = person.nickname is not None
    return (
        person.id, _member_no(person.id), person.nickname, named, *sealed, person.joined_at,
        person.closed_at,
    )  # fmt: skip


def _member_no(member_id: int) -> str:
    """A number that no other of the invented members has, and that shows no order."""
    digits = NUMBER_PREFIX + f"{member_id * SPREAD % 10**NUMBER_DIGITS:0{NUMBER_DIGITS}d}"
    return digits + luhn_digit(digits)


def _identity_row(person: _Person) -> Sequence[Any]:
    return person.id, settings().wx_appid, f"seed-{person.id}-{secrets.token_urlsafe(6)}"


def _tail_rows(people: list[_Person]) -> Rows:
    return ((one.id, tail) for one in people if one.nickname for tail in tails_of(one.nickname))


def _account_row(person: _Person, life: Life) -> Sequence[Any]:
    book = life.book
    return (
        person.id, person.id, book.available, 0, 0, 0, book.lifetime_earned, book.last_seq,
        book.last_hash, person.joined_at,
    )  # fmt: skip


def _entry_rows(lives: list[Life]) -> Rows:
    for life, one in _in_turn(lives):
        yield (
            one.id, life.book.account_id, one.seq, one.points, one.counterparty, one.balance_after,
            one.reason, one.reference, one.explanation, one.actor, one.occurred_at, one.expires_at,
            one.prev_hash, one.hash,
        )  # fmt: skip


def _lot_rows(lives: list[Life]) -> Rows:
    found = [(lot, life.book.account_id) for life in lives for _, lot in life.granted]
    for lot, account_id in sorted(found, key=lambda pair: pair[0].id):
        yield lot.id, account_id, lot.entry_id, lot.granted, lot.remaining, 0, lot.expires_at


def _draw_rows(lives: list[Life]) -> Rows:
    draws = (draw for life in lives for draw in life.draws)
    for draw in sorted(draws, key=lambda one: one.entry.id):
        yield draw.entry.id, draw.lot.id, str(draw.kind), draw.points


def _settle() -> None:
    """Let the database number on from here, and look at what it holds before it plans anything."""
    with transaction() as session:
        if session.get_bind().dialect.name != "postgresql":
            return
        unhurried(session)
        for model in (Member, PointsAccount, LedgerEntry, PointsLot):
            name = cast(sa.Table, model.__table__).name
            session.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'),"  # noqa: S608 - our own name
                    f" (SELECT max(id) FROM {name}))"
                )
            )
        session.execute(sa.text("ANALYZE"))
