"""Who becomes a member soon after a purchase has its points after all."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from points_mall.business_circle import parked, syncing
from tests.builders import enrolled_member, shanghai
from tests.miniprogram_api.wechat.pay_stub import PayStub
from tests.points_mall.business_circle.mall import (
    BOUGHT,
    REFUNDED,
    bought,
    given_back,
    hear,
    run,
    sync_of,
    syncs,
)
from tests.points_mall.purchases.shop import audited, growth_of, points_of


def test_a_new_member_has_the_points_of_the_days_before(mall: Flask, wechat_pay: PayStub) -> None:
    hear((BOUGHT, bought("42001")), (BOUGHT, bought("42002", amount=1250)))
    hear((BOUGHT, bought("42003", "oBert")))
    syncing.tell_due()
    clock.advance(timedelta(days=1))
    anna = enrolled_member("oAnna")
    assert points_of(anna) == (0, 0, 0)
    run(parked.CLAIM)
    assert points_of(anna) == (100, 0, 0)
    assert growth_of(anna) == (10050, 2, 100)
    assert [one[1] for one in syncs()] == [True, True, False]
    assert len(wechat_pay.asked) == 3  # WeChat is told of a purchase once
    assert audited() == []


def test_a_refund_that_came_before_counts(mall: Flask) -> None:
    hear((BOUGHT, bought()), (REFUNDED, given_back()))
    anna = enrolled_member("oAnna")
    run(parked.CLAIM)
    assert points_of(anna) == (44, 0, 0)
    assert audited() == []


@pytest.mark.parametrize(
    ("paid_at", "points"), [("2026-11-21T12:00:00+08:00", 88), ("2026-11-21T11:59:59+08:00", 0)]
)
def test_what_is_older_than_thirty_days_is_over(mall: Flask, paid_at: str, points: int) -> None:
    clock.set(shanghai("2026-12-21 12:00"))
    hear((BOUGHT, bought(time_end=paid_at)))
    anna = enrolled_member("oAnna")
    run(parked.CLAIM)
    assert points_of(anna) == (points, 0, 0)
    assert sync_of().member_id == (anna if points else None)


def test_a_purchase_that_came_while_somebody_enrolled_is_found_later(mall: Flask) -> None:
    anna = enrolled_member("oAnna")
    run(parked.CLAIM)
    hear((BOUGHT, bought()))
    assert parked.claim() == 0
    hear((BOUGHT, bought("42002", "oBert")))
    bert = enrolled_member("oBert")
    assert parked.claim() == 1
    assert parked.claim() == 0
    run(parked.CLAIM)
    assert (points_of(anna), points_of(bert)) == ((88, 0, 0), (88, 0, 0))


def test_claiming_twice_earns_once(mall: Flask) -> None:
    hear((BOUGHT, bought()))
    anna = enrolled_member("oAnna")
    assert parked.claim(anna) == 1
    hear((BOUGHT, bought()))
    run(parked.CLAIM)
    assert points_of(anna) == (88, 0, 0)
