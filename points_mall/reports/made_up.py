"""Invented members and their past, for trying the shop at its size. Pure: chance is given.

A past is lived through the ledger's own book, movement by movement, so that lots, draws and the
chain of hashes are what posting would have left.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from points_mall.ledger.book import Book
from points_mall.ledger.entries import Drawn, Entry, Granted, genesis
from points_mall.ledger.lots import Lot
from points_mall.ledger.movements import Credit, Debit, Expire, Movement
from points_mall.ledger.reasons import CLOSURE, declare

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国文慧雨欣子涵浩宇诗梓晨思"
LATIN = ("amy", "Ben", "coco", "David", "Eva", "fay", "Leo", "Mia", "Sunny", "Tony")

BOUGHT = declare("seeded_purchase", "演示消费", "Demo purchase", counterparty="purchase")
CHECKED_IN = declare("seeded_checkin", "演示签到", "Demo check-in", counterparty="checkin")
WON = declare("seeded_prize", "演示活动", "Demo campaign", counterparty="campaign")
REDEEMED = declare("seeded_order", "演示兑换", "Demo redemption", counterparty="redemption")
EARNINGS = ((BOUGHT, 20, 900, 365), (CHECKED_IN, 1, 20, 365), (WON, 50, 300, 60))
"""Why points were given, how many at least and at most, and how many days they lived."""

SPENDS = 0.3
"""The share of movements that spend, where there is something to spend."""

LEAVES = 0.01
PHONES = 0.8


@dataclass
class Numbers:
    """Ids of one member's lots among those of a block: the n-th lots of all its members lie side by
    side, as if they had lived at the same time.
    """

    first_id: int
    place: int
    stride: int
    used: int = 0

    def next(self) -> int:
        """The next id."""
        self.used += 1
        return self.first_id + (self.used - 1) * self.stride + self.place


@dataclass
class Life:
    """What a member did: the account at the end, and every row on the way; entries have no id yet."""

    book: Book
    entries: list[Entry] = field(default_factory=list)
    granted: list[Granted] = field(default_factory=list)
    draws: list[Drawn] = field(default_factory=list)


def nickname(chance: random.Random) -> str:
    """A name as people give themselves."""
    if chance.random() < 0.1:
        return chance.choice(LATIN) + str(chance.randrange(1000))
    given = "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))
    return chance.choice(SURNAMES) + given


def live(
    member_id: int,
    moments: list[datetime],
    until: datetime,
    midnight: timedelta,
    lot_ids: Numbers,
    chance: random.Random,
    *,
    leaves: bool = False,
) -> Life:
    """Live through the moments, in order; who leaves gives up what is left in the last one.

    :param until: now; what has expired until then was taken in its night.
    :param midnight: how far the shop's midnight lies before that of UTC.
    :param lot_ids: an expiry names its lot, so lots are numbered as they are opened; entries are not.
    """
    book = Book(moments[0], timedelta(0), member_id, 0, 0, 0, 0, 0, 0, genesis(member_id))
    life = Life(book)
    for number, moment in enumerate(moments):
        _expire(life, moment, lot_ids)
        book.moment = moment
        _post(life, _movement(book, member_id, number, midnight, chance), lot_ids)
    if leaves and (left := book.spendable()):
        _post(life, Debit(member_id, left, CLOSURE, "closure"), lot_ids)
    _expire(life, until, lot_ids)
    return life


def _movement(
    book: Book, member_id: int, number: int, midnight: timedelta, chance: random.Random
) -> Movement:
    spendable = book.spendable()
    if spendable > 50 and chance.random() < SPENDS:
        points = chance.randrange(50, min(spendable, 2000) + 1)
        return Debit(member_id, points, REDEEMED, f"seed:{number}")
    reason, least, most, days = chance.choices(EARNINGS, (5, 4, 1))[0]
    gone_at = _midnight_after(book.moment + timedelta(days=days), midnight)
    return Credit(member_id, chance.randrange(least, most), reason, f"seed:{number}", gone_at)


def _midnight_after(moment: datetime, midnight: timedelta) -> datetime:
    day = (moment + midnight).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1) - midnight


def _expire(life: Life, until: datetime, lot_ids: Numbers) -> None:
    """The night's job at work, in the order of the nights."""
    for lot in sorted(_overdue(life.book, until), key=lambda one: (one.expires_at, one.id)):
        assert lot.expires_at is not None  # noqa: S101 - that is how it became overdue
        life.book.moment = lot.expires_at + timedelta(minutes=5)
        _post(life, Expire(0, lot.id), lot_ids)


def _overdue(book: Book, until: datetime) -> Iterator[Lot]:
    night = until - timedelta(minutes=5)
    return (lot for lot in book.lots.values() if lot.free and not lot.is_open(night))


def _post(life: Life, movement: Movement, lot_ids: Numbers) -> None:
    """Post, and keep what came of it."""
    book = life.book
    entry = book.apply(movement).entry
    assert entry is not None  # noqa: S101 - nothing repeats and nothing waits here
    life.entries.append(entry)
    for granted in book.granted:
        granted.lot.id = lot_ids.next()
    life.granted += book.granted
    life.draws += book.drawn
    if book.granted or book.drawn:
        book.lots = {lot.id: lot for lot in book.lots.values() if lot.remaining}
    for done in (book.granted, book.drawn, book.entries):
        done.clear()
    book.posted.clear()
