"""One coupon, one bill: locked, used, unlocked; of any number who try, one wins."""

import threading
from collections import Counter
from datetime import date, timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from points_mall.coupons.errors import CouponNotUsable, NoSuchCoupon
from points_mall.coupons.holding import Done, Lock, Refusal, Use, held_by, lock, unlock, use
from points_mall.coupons.states import State
from points_mall.coupons.validity import Span, Validity
from tests.builders import shanghai

from .conftest import coupon, enrol, give, history, state, template

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def member(app: Flask) -> int:
    template()
    return enrol()[0]


def lock_all(*locks: Lock) -> list[Done | Refusal]:
    with transaction():
        return lock(locks)


def use_all(*uses: Use) -> list[Done | Refusal]:
    with transaction():
        return use(uses)


def unlock_all(*references: str) -> int:
    with transaction():
        return unlock(references)


def reason(answer: Done | Refusal) -> object:
    assert isinstance(answer, CouponNotUsable)
    return answer.numbers["reason"]


def test_from_unused_to_locked_to_used(member: int) -> None:
    (code,) = give(member)
    (locked,) = lock_all(Lock(member, code, "purchase:P1"))
    assert isinstance(locked, Done)
    assert (state(code), coupon(code).locked_for) == ("locked", "purchase:P1")
    (used,) = use_all(Use(member, code, "purchase:P1", 480))
    assert isinstance(used, Done)
    row = coupon(code)
    assert (row.state, row.used_for, row.took_fen, row.locked_for) == (
        "used", "purchase:P1", 480, None,
    )  # fmt: skip
    assert history(code) == ["issued", "locked", "used"]


def test_repeats_for_the_same_bill_change_nothing(member: int) -> None:
    (code,) = give(member)
    answers = [lock_all(Lock(member, code, "purchase:P1"))[0] for _ in range(2)]
    answers += [use_all(Use(member, code, "purchase:P1", 480))[0] for _ in range(2)]
    assert [isinstance(one, Done) and one.is_repeat for one in answers] == [
        False, True, False, True,
    ]  # fmt: skip
    assert history(code) == ["issued", "locked", "used"]


def test_a_payment_that_times_out_unlocks(member: int) -> None:
    (code,) = give(member)
    lock_all(Lock(member, code, "purchase:P1"))
    assert unlock_all("purchase:P1", "purchase:P9") == 1
    assert unlock_all("purchase:P1") == 0
    assert state(code) == "unused"
    (other,) = lock_all(Lock(member, code, "purchase:P2"))
    assert isinstance(other, Done)
    (late,) = use_all(Use(member, code, "purchase:P1", 480))
    assert reason(late) == "locked"
    assert coupon(code).locked_for == "purchase:P2"


def test_the_till_locks_and_uses_at_once(member: int) -> None:
    (code,) = give(member)
    (used,) = use_all(Use(member, code, "purchase:till:T1", 500))
    assert isinstance(used, Done)
    assert history(code) == ["issued", "used"]


def test_what_is_not_free_is_refused_and_stays(member: int) -> None:
    used, locked, expired = give(member, count=3)
    template("later", validity=Validity(Span.DATES, date(2026, 12, 1), date(2026, 12, 31)))
    (early,) = give(member, "later")
    use_all(Use(member, used, "purchase:P0", 500))
    lock_all(Lock(member, locked, "purchase:P0"))
    codes = (used, locked, early)
    answers = lock_all(*(Lock(member, code, "purchase:P1") for code in codes))
    answers += use_all(*(Use(member, code, "purchase:P1", 500) for code in codes))
    assert [reason(answer) for answer in answers] == ["used", "locked", "not_yet_valid"] * 2
    clock.set(shanghai("2026-12-22 00:00"))
    (answer,) = lock_all(Lock(member, expired, "purchase:P1"))
    assert reason(answer) == "expired"
    assert [state(code) for code in (used, locked, expired, early)] == [
        "used", "locked", "unused", "unused",
    ]  # fmt: skip


def test_another_members_coupon_is_none_of_mine(member: int) -> None:
    (thief,) = enrol()
    (code,) = give(member)
    for answer in (
        *lock_all(Lock(thief, code, "purchase:P1"), Lock(thief, "870000000000000000", "x")),
        *use_all(Use(thief, code, "purchase:P1", 500)),
    ):
        assert isinstance(answer, NoSuchCoupon)
    assert state(code) == "unused"
    assert held_by(thief, [code]) == []


def test_one_coupon_named_for_two_bills_in_one_call_goes_to_the_first(member: int) -> None:
    (code,) = give(member)
    first, second = lock_all(Lock(member, code, "purchase:P1"), Lock(member, code, "purchase:P2"))
    assert isinstance(first, Done)
    assert reason(second) == "locked"
    assert coupon(code).locked_for == "purchase:P1"


def test_what_was_locked_in_time_is_used_after_its_end(member: int) -> None:
    (code,) = give(member)
    clock.set(shanghai("2026-12-21 23:59"))
    lock_all(Lock(member, code, "purchase:P1"))
    clock.set(shanghai("2026-12-22 00:05"))
    (used,) = use_all(Use(member, code, "purchase:P1", 500))
    assert isinstance(used, Done)


def test_a_quote_sees_what_can_be_used_the_first_to_end_first(member: int) -> None:
    template("short", validity=Validity(Span.SAME_DAY))
    (long,), (short,) = give(member), give(member, "short")
    (used,) = give(member)
    use_all(Use(member, used, "purchase:P1", 500))
    assert [one.code for one in held_by(member)] == [short, long]
    assert [one.state for one in held_by(member, [used])] == [State.USED]
    clock.advance(timedelta(hours=12))
    assert [one.code for one in held_by(member)] == [long]


def test_two_tills_and_sixty_four_tries_make_one_sale(app: Flask, member: int) -> None:
    (code,) = give(member)
    answers: list[str] = []

    def sell(number: int) -> None:
        with app.app_context():
            (answer,) = use_all(Use(member, code, f"purchase:till{number % 2}:{number}", 500))
            answers.append("sold" if isinstance(answer, Done) else str(reason(answer)))

    threads = [threading.Thread(target=sell, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {"sold": 1, "used": 63}
    assert history(code) == ["issued", "used"]
