"""A coupon is given to one friend, once, by a link."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.coupons import gifts
from points_mall.coupons.errors import (
    CouponNotUsable,
    GiftGone,
    NoSuchCoupon,
    NoSuchGift,
    NotGiftable,
    OwnGift,
)
from points_mall.coupons.holding import Use, use
from points_mall.coupons.models import CouponGift
from tests.builders import shanghai

from .conftest import NOON, count, coupon, coupons_of, enrol, give, history, state, template

pytestmark = pytest.mark.usefixtures("all_is_right")


@pytest.fixture
def pair(app: Flask) -> tuple[int, int]:
    template(giftable=True)
    giver, friend = enrol(2)
    return giver, friend


def test_the_friend_gets_the_same_coupon_with_the_same_end(pair: tuple[int, int]) -> None:
    giver, friend = pair
    (code,) = give(giver)
    offered = gifts.offer(giver, code)
    assert (offered.coupon, offered.expires_at) == (code, shanghai("2026-11-24 12:00"))
    assert state(code) == "locked"
    assert gifts.look(offered.token).state == "open"
    clock.advance(timedelta(hours=1))
    mine = gifts.claim(friend, offered.token)
    old, new = coupon(code), coupon(mine)
    assert (old.state, new.state, new.member_id) == ("void", "unused", friend)
    assert (new.terms, new.valid_until, new.reason) == (old.terms, old.valid_until, "gift")
    assert history(code) == ["issued", "locked", "voided"]
    assert gifts.claim(friend, offered.token) == mine
    assert len(coupons_of(friend)) == 1


def test_the_token_is_not_kept(pair: tuple[int, int]) -> None:
    giver, _friend = pair
    offered = gifts.offer(giver, give(giver)[0])
    kept = db.session.scalars(sa.select(CouponGift.token_hash)).one()
    assert offered.token not in kept


def test_a_gift_is_not_given_on(pair: tuple[int, int]) -> None:
    giver, friend = pair
    mine = gifts.claim(friend, gifts.offer(giver, give(giver)[0]).token)
    with pytest.raises(NotGiftable):
        gifts.offer(friend, mine)
    assert state(mine) == "unused"


def test_what_cannot_be_given(pair: tuple[int, int]) -> None:
    giver, friend = pair
    template("keep")
    (keep,), (used,), (mine,) = give(giver, "keep"), give(giver), give(giver)
    with transaction():
        use([Use(giver, used, "purchase:P1", 500)])
    with pytest.raises(NotGiftable):
        gifts.offer(giver, keep)
    with pytest.raises(CouponNotUsable):
        gifts.offer(giver, used)
    with pytest.raises(NoSuchCoupon):
        gifts.offer(friend, mine)
    gifts.offer(giver, mine)
    with pytest.raises(CouponNotUsable):
        gifts.offer(giver, mine)
    assert [state(code) for code in (keep, used, mine)] == ["unused", "used", "locked"]
    assert count(CouponGift) == 1


def test_a_coupon_on_offer_is_not_used(pair: tuple[int, int]) -> None:
    giver, _friend = pair
    (code,) = give(giver)
    gifts.offer(giver, code)
    with transaction():
        (answer,) = use([Use(giver, code, "purchase:P1", 500)])
    assert isinstance(answer, CouponNotUsable)
    assert answer.numbers["reason"] == "locked"


def test_the_giver_takes_it_back_or_is_told_that_it_is_gone(pair: tuple[int, int]) -> None:
    giver, friend = pair
    (code,) = give(giver)
    offered = gifts.offer(giver, code)
    with pytest.raises(OwnGift):
        gifts.claim(giver, offered.token)
    gifts.withdraw(giver, code)
    assert state(code) == "unused"
    with pytest.raises(GiftGone) as gone:
        gifts.claim(friend, offered.token)
    assert gone.value.numbers == {"gift_state": "withdrawn"}
    with pytest.raises(CouponNotUsable):
        gifts.withdraw(giver, code)
    with pytest.raises(NoSuchCoupon):
        gifts.withdraw(friend, code)
    assert coupons_of(friend) == []


def test_a_link_that_nobody_opens_in_time_gives_the_coupon_back(pair: tuple[int, int]) -> None:
    giver, friend = pair
    (code,) = give(giver)
    offered = gifts.offer(giver, code)
    clock.set(NOON + timedelta(hours=72))
    assert gifts.look(offered.token).state == "over"
    with pytest.raises(GiftGone):
        gifts.claim(friend, offered.token)
    assert gifts.close_over() == 1
    assert gifts.close_over() == 0
    assert (state(code), history(code)) == ("unused", ["issued", "locked", "unlocked"])


def test_a_link_ends_with_its_coupon(pair: tuple[int, int]) -> None:
    giver, _friend = pair
    (code,) = give(giver, valid_until=NOON + timedelta(hours=2))
    assert gifts.offer(giver, code).expires_at == NOON + timedelta(hours=2)


def test_a_guess_is_no_gift(pair: tuple[int, int]) -> None:
    with pytest.raises(NoSuchGift):
        gifts.look("0" * 32)
    with pytest.raises(NoSuchGift):
        gifts.claim(pair[1], "0" * 32)


def test_of_many_friends_one_gets_it(app: Flask, pair: tuple[int, int]) -> None:
    giver, _friend = pair
    friends = enrol(12)
    offered = gifts.offer(giver, give(giver)[0])
    answers: list[str] = []

    def claim(friend: int) -> None:
        with app.app_context():
            try:
                gifts.claim(friend, offered.token)
                answers.append("mine")
            except GiftGone:
                answers.append("gone")

    threads = [threading.Thread(target=claim, args=(friend,)) for friend in friends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {"mine": 1, "gone": 11}
    assert sum(len(coupons_of(friend)) for friend in friends) == 1
