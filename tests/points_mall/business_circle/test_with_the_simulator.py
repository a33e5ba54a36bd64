"""Shopping in the mall, over real HTTP in both directions: WeChat notifies us, we answer it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.business_circle import authorizing, parking, syncing
from points_mall.purchases.draining import drain
from tests.builders import bearer, enrolled_member
from tests.points_mall.business_circle.conftest import wired
from tests.points_mall.business_circle.mall import sync_of
from tests.points_mall.purchases.shop import NOON, audited, open_shop, points_of
from tests.services.wechat import Simulator, serving


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    circle = {"BUSINESS_CIRCLE_ENABLED": True, "BUSINESS_CIRCLE_BRAND_ID": 1000}
    return {**simulator.pay_settings(), **circle, "WX_OPEN_BASE": simulator.url}


@pytest.fixture
def mall(app: Flask, simulator: Simulator) -> Iterator[Flask]:
    """The mall on a port of its own, open at noon, with one point a yuan."""
    wired(app)
    with serving(simulator, app):
        clock.set(NOON)
        simulator.set_clock(NOON)
        open_shop()
        yield app


def eventually(is_so: Callable[[], bool]) -> None:
    """Let WeChat's notices come in and be applied until it is so."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)
        drain()


def buys(simulator: Simulator, amount_fen: int, **more: Any) -> str:
    told = simulator.control(
        "mall-purchases", openid="oAnna", shop_number="1024", amount_fen=amount_fen, **more
    )
    return str(told["transaction_id"])


def test_a_day_in_the_mall(mall: Flask, client: FlaskClient, simulator: Simulator) -> None:
    anna = enrolled_member("oAnna")
    simulator.control("authorisations", openid="oAnna", how="authorise")
    eventually(lambda: authorizing.shopper_of(anna) is not None)
    number = buys(simulator, 8800)
    eventually(lambda: points_of(anna) == (88, 0, 0))
    assert parking.commit_status(anna) == "PENDING"
    assert syncing.tell_due() == 1
    assert parking.commit_status(anna) == "COMMITTED"
    (seen,) = simulator.look("mall-purchases", openid="oAnna")
    assert seen["synced"]["increased_points"] == 88
    simulator.control("mall-refunds", transaction_id=number, amount_fen=4400)
    eventually(lambda: points_of(anna) == (44, 0, 0))
    parking.report_parking(anna, "粤B88888", "IN", NOON)
    (parked,) = simulator.look("parkings")
    assert (parked["plate_number"], parked["state"]) == ("粤B88888", "IN")
    assert sync_of(number).state == "done"
    assert audited() == []


def test_a_small_purchase_is_told_as_earning_nothing(mall: Flask, simulator: Simulator) -> None:
    enrolled_member("oAnna")
    simulator.control("authorisations", openid="oAnna", how="authorise")
    number = buys(simulator, 50)
    eventually(lambda: bool(simulator.look("mall-purchases")) and syncing.tell_due() == 1)
    (seen,) = simulator.look("mall-purchases", openid="oAnna")
    assert seen["synced"]["earn_points"] is False
    assert seen["synced"]["no_points_remarks"] == "不足 1 积分"
    assert sync_of(number).state == "done"


def test_a_member_who_withdrew_is_found_and_earns_only_by_hand(
    mall: Flask, client: FlaskClient, simulator: Simulator
) -> None:
    anna = enrolled_member("oAnna")
    simulator.control("authorisations", openid="oAnna", how="authorise")
    eventually(lambda: authorizing.shopper_of(anna) is not None)
    simulator.control("authorisations", openid="oAnna", how="deauthorise")
    answer: Any = client.post("/api/v1/business-circle/refresh", headers=bearer(anna))
    assert (answer.json["authorized"], answer.json["state"]) == (False, "deauthorized")
    buys(simulator, 8800)
    drain()
    assert points_of(anna) == (0, 0, 0)
    buys(simulator, 1200, commit_tag="by hand")
    eventually(lambda: points_of(anna) == (12, 0, 0))


def test_refunds_told_twice_and_in_the_wrong_order_end_the_same(
    mall: Flask, simulator: Simulator
) -> None:
    anna = enrolled_member("oAnna")
    simulator.control("authorisations", openid="oAnna", how="authorise")
    first = buys(simulator, 8800)
    eventually(lambda: points_of(anna) == (88, 0, 0))
    syncing.tell_due()
    simulator.hold()
    simulator.control("mall-refunds", transaction_id=first, amount_fen=8799)
    simulator.control("mall-refunds", transaction_id=first, amount_fen=1)
    held = simulator.held()
    simulator.hold(on=False)
    simulator.release([*held[::-1], *held])
    eventually(lambda: points_of(anna) == (0, 0, 0))
    assert audited() == []
