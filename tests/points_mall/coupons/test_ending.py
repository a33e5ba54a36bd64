"""Coupons end: at midnight, by hand, with the account. And members are told in time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job
from miniprogram_api.messaging import opt_in
from points_mall.coupons import ending, gifts, reminders
from points_mall.coupons.errors import CouponNotUsable, NoSuchCoupon
from points_mall.coupons.holding import Lock, Use, lock, use
from points_mall.coupons.validity import Span, Validity
from tests.builders import shanghai

from .conftest import NOON, enrol, give, history, state, template

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def member(app: Flask) -> int:
    template(giftable=True)
    return enrol()[0]


def test_the_nights_job_writes_down_what_has_come_to_its_end(member: int) -> None:
    template("today", validity=Validity(Span.SAME_DAY))
    (short,), (long,) = give(member, "today"), give(member)
    clock.set(shanghai("2026-11-21 23:59"))
    assert ending.expire() == 0
    clock.set(shanghai("2026-11-22 00:00"))
    assert ending.expire() == 1
    assert ending.expire() == 0
    assert (state(short), state(long), history(short)) == (
        "expired", "unused", ["issued", "expired"],
    )  # fmt: skip


def test_more_than_a_batch_expires(member: int) -> None:
    for _ in range(26):
        give(member, count=20)
    clock.set(shanghai("2026-12-22 00:00"))
    assert ending.expire() == 520


def test_what_is_locked_does_not_expire(member: int) -> None:
    (code,) = give(member)
    with transaction():
        lock([Lock(member, code, "purchase:P1")])
    clock.set(shanghai("2026-12-22 00:00"))
    assert ending.expire() == 0
    assert state(code) == "locked"


def test_void_takes_unused_coupons_all_or_none(member: int) -> None:
    one, two, used = give(member, count=3)
    with transaction():
        use([Use(member, used, "purchase:P1", 500)])
    with pytest.raises(CouponNotUsable):
        ending.void([one, used], "a mistake", actor="cli:test")
    with pytest.raises(NoSuchCoupon):
        ending.void([one, "870000000000000000"], "a mistake", actor="cli:test")
    assert [state(code) for code in (one, two, used)] == ["unused", "unused", "used"]
    assert ending.void([one, two], "a mistake", actor="cli:test") == 2
    assert ending.void([one, two], "a mistake", actor="cli:test") == 0
    assert [state(code) for code in (one, two, used)] == ["void", "void", "used"]


def test_with_the_account_go_its_coupons_and_its_gifts(member: int) -> None:
    (friend,) = enrol()
    unused, used, paying, offered = give(member, count=4)
    (theirs,) = give(friend)
    with transaction():
        use([Use(member, used, "purchase:P1", 500)])
        lock([Lock(member, paying, "purchase:P2")])
    gifts.offer(member, offered)
    with transaction():
        ending.close_member(member_id=member)
    assert [state(code) for code in (unused, used, paying, offered, theirs)] == [
        "void", "used", "locked", "void", "unused",
    ]  # fmt: skip


def test_members_are_told_once_of_each_end(member: int) -> None:
    (other,) = enrol()
    give(member, count=2)
    give(member, valid_until=NOON + timedelta(days=10))
    give(other, valid_until=NOON + timedelta(days=2))
    with transaction():
        for one in (member, other):
            opt_in.report(one, [reminders.COUPON_ENDING.name], source="test")
    clock.set(shanghai("2026-12-18 10:05"))
    assert reminders.remind_of_ending() == 0  # nothing but the long ones is left, too far
    clock.set(shanghai("2026-12-19 10:05"))
    assert reminders.remind_of_ending() == 1
    assert reminders.remind_of_ending() == 0
    (payload,) = db.session.scalars(sa.select(Job.payload).filter_by(name="message.send"))
    assert payload["fields"] == {"title": "五元券", "count": 2, "last_day": "2026-12-21"}
