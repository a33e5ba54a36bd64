"""订单: found, fulfilled and cancelled from the office, each act with what was before and after."""

import re
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from tests.builders import shanghai
from tests.office import Clerk, acts_count, acts_of

from .conftest import ADDRESS, Shopper, audited, available, picture, reward, status_of


@pytest.fixture
def office(app: Flask) -> Clerk:
    return Clerk(app, "manager", "wang")


def placed(shopper: Shopper, **terms: Any) -> str:
    """An order of 100 points, by number."""
    delivery: dict[str, Any] = (
        {"delivery": ADDRESS} if terms.get("fulfilment") == "delivery" else {}
    )
    answer = shopper.redeem(reward(**terms), **delivery)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["order_no"])


def listed(page: str) -> list[str]:
    return re.findall(r'class="order-no" href="/admin/orders/(\w+)"', page)


def test_orders_are_listed_the_latest_first_and_found(
    li: Shopper, mei: Shopper, office: Clerk
) -> None:
    clock.set(shanghai("2026-11-21 13:00"))
    first = placed(li, is_stocked=False)
    clock.set(shanghai("2026-11-22 09:00"))
    second = placed(mei, fulfilment="delivery", title="<script>alert(1)</script>")
    assert listed(office.get("/admin/orders").text) == [second, first]
    for asked, found in {
        f"q={first}": [first],
        f"q={first.lower()}": [first],
        "q=000000000001": [second],
        "status=placed": [second, first],
        "status=cancelled": [],
        "source=prize": [],
        "fulfilment=delivery": [second],
        "until=2026-11-21": [first],
        "since=2026-11-22": [second],
        "status=' OR 1=1": [second, first],
        "q=nobody": [],
    }.items():
        assert listed(office.get(f"/admin/orders?{asked}").text) == found, asked
    assert "<script>alert" not in office.get("/admin/orders").text
    file = office.get("/admin/orders?format=csv").text.splitlines()
    assert (len(file), file[1].split(",")[0]) == (3, second)


def test_an_orders_page_tells_points_lots_and_units(li: Shopper, office: Clerk) -> None:
    page = office.get(f"/admin/orders/{placed(li)}").text
    assert "−100" in page
    assert "批次 #1" in page
    assert "reward:1:1" in page
    assert office.get("/admin/orders/R000").status_code == 404


def test_a_reward_is_made_ready_once(li: Shopper, office: Clerk) -> None:
    number = placed(li, is_stocked=False)
    path = f"/admin/orders/{number}/ready"
    assert office.post(path).location == f"/admin/orders/{number}?told=done"
    assert status_of(number) == "ready"
    again = office.post(path)
    assert again.status_code == 409
    assert "订单当前状态不支持此操作" in again.text
    assert acts_of("order.ready") == [
        ("staff:wang", f"order:{number}", {"status": "placed"}, {"status": "ready"}, None)
    ]


def test_a_parcel_is_sent_and_arrives(li: Shopper, office: Clerk) -> None:
    number = placed(li, fulfilment="delivery")
    sent = office.post(f"/admin/orders/{number}/ship", carrier="顺丰", tracking_no="SF 123456")
    assert sent.status_code == 303
    assert status_of(number) == "shipped"
    assert acts_of("order.ship")[0][3] == {
        "status": "shipped",
        "carrier": "顺丰",
        "tracking_no": "SF123456",
    }
    assert office.post(f"/admin/orders/{number}/receive").status_code == 303
    assert status_of(number) == "received"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"carrier": "", "tracking_no": "SF123456"}, "请填写"),
        ({"carrier": "顺" * 33, "tracking_no": "SF123456"}, "最长 32 字"),
        ({"carrier": "顺丰", "tracking_no": ""}, "请填写"),
        ({"carrier": "顺丰", "tracking_no": "SF12"}, "运单号格式不对"),
        ({"carrier": "顺丰", "tracking_no": "S" * 41}, "运单号格式不对"),
        ({"carrier": "顺丰", "tracking_no": "S" * 65}, "最长 64 字"),
        ({"carrier": "顺丰", "tracking_no": "=cmd|calc"}, "运单号格式不对"),
    ],
)
def test_a_parcel_without_a_sound_number_is_not_sent(
    li: Shopper, office: Clerk, sent: dict[str, str], said: str
) -> None:
    number = placed(li, fulfilment="delivery")
    before, acts = picture(), acts_count()
    answer = office.post(f"/admin/orders/{number}/ship", asked="ship", **sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert (picture(), acts_count()) == (before, acts)


def test_a_cancelled_order_gives_points_and_units_back(li: Shopper, office: Clerk) -> None:
    number = placed(li)
    assert available(li.member_id) == 900
    page = office.post(f"/admin/orders/{number}/cancel", reason="缺货")
    assert page.status_code == 303
    assert (status_of(number), available(li.member_id)) == ("cancelled", 1000)
    assert acts_of("order.cancel") == [
        (
            "staff:wang",
            f"order:{number}",
            {"status": "ready"},
            {"status": "cancelled", "cancel_reason": "shop"},
            "缺货",
        )
    ]
    shown = office.get(f"/admin/orders/{number}").text
    assert "商家取消" in shown
    assert "+100" in shown
    assert audited() == []


def test_an_order_that_its_member_could_not_cancel_is_cancelled_by_the_shop(
    li: Shopper, office: Clerk
) -> None:
    number = placed(li, is_cancellable=False)
    assert li.cancel(number).status_code == 409
    assert office.post(f"/admin/orders/{number}/cancel", reason="缺货").status_code == 303
    assert available(li.member_id) == 1000


@pytest.mark.parametrize("reason", ["", "   "])
def test_without_a_reason_nothing_is_cancelled(li: Shopper, office: Clerk, reason: str) -> None:
    number = placed(li)
    before, acts = picture(), acts_count()
    answer = office.post(f"/admin/orders/{number}/cancel", reason=reason, asked="cancel")
    assert answer.status_code == 422
    assert (picture(), acts_count()) == (before, acts)


def test_what_was_sent_is_cancelled_no_more(li: Shopper, office: Clerk) -> None:
    number = placed(li, fulfilment="delivery")
    office.post(f"/admin/orders/{number}/ship", carrier="顺丰", tracking_no="SF123456")
    before = picture()
    answer = office.post(f"/admin/orders/{number}/cancel", reason="反悔", asked="cancel")
    assert answer.status_code == 409
    assert "订单当前状态不支持此操作" in answer.text
    assert picture() == before


def test_an_address_is_shown_to_managers_who_ask_and_that_is_written_down(
    li: Shopper, app: Flask, office: Clerk
) -> None:
    number = placed(li, fulfilment="delivery")
    assert "漕溪北路" not in office.get(f"/admin/orders/{number}").text
    shown = office.post(f"/admin/orders/{number}/address").text
    assert "漕溪北路 1 号" in shown
    assert acts_of("order.see_address") == [("staff:wang", f"order:{number}", None, None, None)]
    zhou = Clerk(app, "editor")
    assert zhou.post(f"/admin/orders/{number}/address").status_code == 403
    assert "只有店长可以查看" in zhou.get(f"/admin/orders/{number}").text
    assert len(acts_of("order.see_address")) == 1


def test_who_may_what(li: Shopper, app: Flask) -> None:
    number = placed(li)
    cashier, editor = Clerk(app, "cashier"), Clerk(app, "editor")
    assert cashier.get("/admin/orders").status_code == 403
    assert editor.get("/admin/orders").status_code == 200
    before = picture()
    assert editor.post(f"/admin/orders/{number}/cancel", reason="x").status_code == 403
    manager = Clerk(app, "manager")
    refused = manager.post(f"/admin/orders/{number}/cancel", proof=False, reason="x")
    assert refused.status_code == 403
    assert picture() == before
