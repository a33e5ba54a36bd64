"""The simulated business circle, and the shipping reports, keep WeChat's rules."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from miniprogram_api.wechat.client import MiniClient
from tests.miniprogram_api.wechat.merchants import APPID, Mall, Merchant, a_mall, merchant_of
from tests.services.wechat import Simulator, pay_keys

NOTIFY = "/v3/businesscircle/points/notify"


@pytest.fixture
def merchant(simulator: Simulator) -> Merchant:
    return merchant_of(simulator)


@pytest.fixture
def mall(simulator: Simulator) -> Iterator[Mall]:
    with a_mall(simulator) as mall:
        yield mall


def bought(simulator: Simulator, **more: Any) -> dict[str, Any]:
    facts = {"openid": "anna", "shop_number": "7", "amount_fen": 8800, **more}
    return dict(simulator.control("mall-purchases", **facts))


def points(transaction_id: str, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "transaction_id": transaction_id,
        "appid": APPID,
        "openid": "anna",
        "earn_points": True,
        "increased_points": 88,
        "points_update_time": "2026-11-22T10:00:00.123+08:00",
    }
    return facts | more


def refused(simulator: Simulator, path: str, **body: Any) -> str:
    answer = requests.post(f"{simulator.url}/_sim/{path}", json=body, timeout=10)
    assert answer.status_code == 409
    return str(answer.json()["error"])


# Purchases


def test_an_authorised_purchase_is_told_by_itself(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.control("authorisations", openid="anna", how="authorise")
    purchase = bought(simulator)
    assert purchase["told"]
    assert mall.paths == ["/wechat/business-circle/notifications"] * 2
    card, payment = (merchant.core.callback(*heard) for heard in mall.heard)
    assert (card["event_type"], card["resource"]["auth_type"]) == (
        "MALL_AUTH.ACTIVATE_CARD",
        "REGISTERED_AND_AUTHORIZATION_MODE",
    )
    assert payment["event_type"] == "MALL_TRANSACTION.SUCCESS"
    facts = payment["resource"]
    assert (facts["amount"], facts["openid"], facts["shop_number"]) == (8800, "anna", "7")
    assert facts["transaction_id"] == purchase["transaction_id"]
    assert facts["mchid"] == pay_keys().mchid
    assert "commit_tag" not in facts


def test_who_has_not_authorised_claims_by_hand(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    purchase = bought(simulator)
    assert (purchase["told"], mall.heard) == (False, [])
    path = f"mall-purchases/{purchase['transaction_id']}/claim"
    simulator.control(path, commit_tag="tag-1")
    assert merchant.core.callback(*mall.heard[0])["resource"]["commit_tag"] == "tag-1"
    assert refused(simulator, path, commit_tag="tag-1") == "the mall has been told of this purchase"
    assert bought(simulator, commit_tag="tag-2")["told"]


def test_points_are_synced_once_be_they_none(merchant: Merchant, simulator: Simulator) -> None:
    one, other = (bought(simulator, commit_tag="t")["transaction_id"] for _ in range(2))
    assert merchant.ask(NOTIFY, points(one, total_points=188)) == (204, {})
    assert merchant.ask(NOTIFY, points(one, total_points=188)) == (204, {})
    assert merchant.ask(NOTIFY, points(one, increased_points=87))[1]["code"] == "INVALID_REQUEST"
    none = points(other, earn_points=False, increased_points=0, no_points_remarks="达到上限")
    assert merchant.ask(NOTIFY, none) == (204, {})
    synced = [one["synced"]["increased_points"] for one in simulator.look("mall-purchases")]
    assert synced == [0, 88]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"openid": "bert"}, "PARAM_ERROR"),
        ({"appid": "wx9"}, "APPID_MCHID_NOT_MATCH"),
        ({"increased_points": -1}, "PARAM_ERROR"),
        ({"increased_points": 0}, "PARAM_ERROR"),
        ({"increased_points": "88"}, "PARAM_ERROR"),
        ({"earn_points": False}, "PARAM_ERROR"),
        ({"no_points_remarks": "太" * 129}, "PARAM_ERROR"),
        ({"points_update_time": "2026-11-22"}, "PARAM_ERROR"),
        ({"transaction_id": "4200000000"}, "RESOURCE_NOT_EXISTS"),
    ],
)
def test_a_sync_that_breaks_a_rule_is_refused(
    merchant: Merchant, simulator: Simulator, changes: dict[str, Any], code: str
) -> None:
    number = bought(simulator, commit_tag="t")["transaction_id"]
    assert merchant.ask(NOTIFY, {**points(number), **changes})[1]["code"] == code
    assert simulator.look("mall-purchases")[0]["synced"] is None


def test_a_purchase_that_was_not_told_cannot_be_synced(
    merchant: Merchant, simulator: Simulator
) -> None:
    number = bought(simulator)["transaction_id"]
    assert merchant.ask(NOTIFY, points(number))[0] == 404


# Refunds


def test_refunds_of_synced_purchases_only_are_told(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    number = bought(simulator, commit_tag="t")["transaction_id"]
    assert not simulator.control("mall-refunds", transaction_id=number, amount_fen=800)["told"]
    merchant.ask(NOTIFY, points(number))
    assert simulator.control("mall-refunds", transaction_id=number, amount_fen=3000)["told"]
    facts = merchant.core.callback(*mall.heard[1])["resource"]
    assert (facts["pay_amount"], facts["refund_amount"]) == (8800, 3000)
    assert facts["transaction_id"] == number
    wanted = {"transaction_id": number, "amount_fen": 5001}
    assert refused(simulator, "mall-refunds", **wanted) == "more than was paid"
    simulator.control("mall-refunds", transaction_id=number)
    assert merchant.core.callback(*mall.heard[2])["resource"]["refund_amount"] == 5000


def test_after_thirty_days_no_refund_is_told(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    number = bought(simulator, commit_tag="t")["transaction_id"]
    merchant.ask(NOTIFY, points(number))
    simulator.control("clock", advance_seconds=30 * 86400 + 1)
    assert not simulator.control("mall-refunds", transaction_id=number)["told"]
    assert len(mall.heard) == 1


# Authorisations, waiting points, parking


def test_taking_an_authorisation_back_is_seen_only_by_asking(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    path = f"/v3/businesscircle/user-authorizations/anna?appid={APPID}"
    assert merchant.ask(path)[1] == {"openid": "anna", "authorize_state": "UNAUTHORIZED"}
    simulator.control("authorisations", openid="anna", how="authorise")
    assert merchant.ask(path)[1]["authorize_state"] == "AUTHORIZED"
    simulator.control("authorisations", openid="anna", how="deauthorise")
    told = merchant.ask(path)[1]
    assert told["authorize_state"] == "DEAUTHORIZED"
    assert told["deauthorize_time"] >= told["authorize_time"]
    assert len(mall.heard) == 1
    assert not bought(simulator)["told"]


def test_points_wait_until_they_are_synced(merchant: Merchant, simulator: Simulator) -> None:
    path = f"/v3/businesscircle/users/anna/points/commit_status?brandid=1000&appid={APPID}"
    number = bought(simulator, commit_tag="t")["transaction_id"]
    assert merchant.ask(path)[1] == {"points_commit_status": "PENDING"}
    merchant.ask(NOTIFY, points(number))
    assert merchant.ask(path)[1] == {"points_commit_status": "COMMITTED"}


@pytest.mark.parametrize(("state", "code"), [("IN", 204), ("OUT", 204), ("GONE", 400)])
def test_cars_come_and_go(merchant: Merchant, simulator: Simulator, state: str, code: int) -> None:
    car = {
        "brandid": 1000,
        "appid": APPID,
        "openid": "anna",
        "plate_number": "粤B888888",
        "state": state,
        "time": "2026-11-22T10:00:00+08:00",
    }
    assert merchant.ask("/v3/businesscircle/parkings", car)[0] == code
    assert [one["state"] for one in simulator.look("parkings")] == [state] * (code == 204)


# Shipping


def shipped(simulator: Simulator, token: str, **more: Any) -> int:
    """The errcode of a report."""
    body = {
        "order_key": {"order_number_type": 1, "mchid": pay_keys().mchid}
        | {"out_trade_no": "P00000001"},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [{"tracking_no": "SF1", "express_company": "SF", "item_desc": "一壶好茶"}],
        "upload_time": "2026-11-22T10:00:00.000+08:00",
        "payer": {"openid": "anna"},
        **more,
    }
    url = f"{simulator.url}/wxa/sec/order/upload_shipping_info?access_token={token}"
    return int(requests.post(url, json=body, timeout=10).json()["errcode"])


def test_a_paid_order_is_reported_as_shipped_once(
    merchant: Merchant, simulator: Simulator, wx: MiniClient
) -> None:
    known = simulator, wx.access_token
    merchant.prepay()
    assert shipped(*known) == 10060001  # nobody has paid
    simulator.pay("P00000001")
    assert shipped(*known, payer={"openid": "bert"}) == 268485194
    assert shipped(*known, upload_time="10:00") == 268485216
    assert shipped(*known, shipping_list=[]) == 268485220
    assert shipped(*known, shipping_list=[{"item_desc": "x"}]) == 268485226
    assert simulator.look("shippings") == []
    assert shipped(*known) == 0
    assert shipped(*known) == 10060002
    assert simulator.look("shippings")[0]["shipping_list"][0]["tracking_no"] == "SF1"
