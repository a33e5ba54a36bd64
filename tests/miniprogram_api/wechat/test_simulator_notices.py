"""Payment notices of the simulated WeChat: real seals, tries and repeats, faults on demand."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from miniprogram_api.wechat.errors import NotificationRejected
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_core import PayKeys as OurKeys
from miniprogram_api.wechat.simulator.pay_keys import private_pem, public_pem
from miniprogram_api.wechat.simulator.pay_post import SCHEDULE
from tests.miniprogram_api.wechat.merchants import (
    APPID,
    Mall,
    Merchant,
    a_mall,
    eventually,
    merchant_of,
)
from tests.services.wechat import Simulator, pay_keys

PATH = "/wechat/pay/notifications"


@pytest.fixture
def merchant(simulator: Simulator) -> Merchant:
    """A merchant with an order of 88 yuan, P00000001."""
    made = merchant_of(simulator)
    made.prepay()
    return made


@pytest.fixture
def mall(simulator: Simulator) -> Iterator[Mall]:
    with a_mall(simulator) as mall:
        yield mall


def opened(merchant: Merchant, heard: tuple[dict[str, str], bytes]) -> dict[str, Any]:
    """A notice read by the library."""
    headers, body = heard
    told: dict[str, Any] = merchant.core.callback(headers, body)
    return told


def outcome(read: Callable[[], Any]) -> str:
    """How the library takes a notice: read, refused (None), or an error."""
    try:
        return "refused" if read() is None else "read"
    except Exception:  # noqa: BLE001 - the library raises whatever it meets
        return "refused"


# What is told


def test_a_payment_is_told_sealed_and_signed(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    done = simulator.pay("P00000001")
    assert (done["notice"]["state"], done["notice"]["answers"]) == ("delivered", ["204"])
    assert mall.paths == [PATH]
    assert b"anna" not in mall.heard[0][1]
    told = opened(merchant, mall.heard[0])
    assert (told["event_type"], told["resource_type"]) == (
        "TRANSACTION.SUCCESS",
        "encrypt-resource",
    )
    facts = told["resource"]
    assert {name: facts[name] for name in ("appid", "mchid", "out_trade_no", "trade_state")} == {
        "appid": APPID,
        "mchid": pay_keys().mchid,
        "out_trade_no": "P00000001",
        "trade_state": "SUCCESS",
    }
    assert (facts["payer"], facts["amount"]["total"]) == ({"openid": "anna"}, 8800)
    assert facts["success_time"].endswith("+08:00")


def test_a_refund_is_told_when_it_is_settled(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.pay("P00000001")
    merchant.refund("P00000001", "R-1", 3000)
    assert eventually(lambda: len(mall.heard) == 2)
    facts = opened(merchant, mall.heard[1])["resource"]
    assert (facts["out_refund_no"], facts["refund_status"]) == ("R-1", "SUCCESS")
    assert facts["amount"] == {
        "total": 8800,
        "refund": 3000,
        "payer_total": 8800,
        "payer_refund": 3000,
    }
    assert "status" not in facts


def test_a_refund_by_hand_is_told_where_the_order_said(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.pay("P00000001")
    simulator.control("refunds", out_trade_no="P00000001")
    assert eventually(lambda: mall.kinds() == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"])
    assert mall.paths == [PATH, PATH]


def test_the_malls_own_client_reads_what_is_told(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    keys = pay_keys()
    pems = private_pem(keys.merchant_key), public_pem(keys.own_key)
    ours = OurKeys(keys.mchid, keys.serial, pems[0], keys.apiv3_key, keys.public_key_id, pems[1])
    client = PayClient(APPID, ours, base_url=simulator.url)
    simulator.pay("P00000001")
    told = client.read_notification(*mall.heard[0])
    assert (told.event_type, told.resource["out_trade_no"]) == ("TRANSACTION.SUCCESS", "P00000001")
    for spoilt in ("stale", "signtest", "tampered", "odd_serial", "unknown_serial", "wrong_key"):
        with pytest.raises(NotificationRejected):
            client.read_notification(*simulator.notice(told.id, f"notice_{spoilt}"))
    unsaid = simulator.notice(told.id, "notice_missing_type")
    assert client.read_notification(*unsaid).id == told.id


# Tries


def test_the_schedule_is_wechats() -> None:
    assert len(SCHEDULE) == 15
    assert sum(SCHEDULE) == 24 * 3600 + 4 * 60


@pytest.mark.parametrize("status", [401, 500, 302, 202])
def test_a_notice_comes_again_until_it_is_taken(
    merchant: Merchant, simulator: Simulator, mall: Mall, status: int
) -> None:
    mall.status = status
    simulator.pay("P00000001")
    assert eventually(lambda: len(mall.heard) >= 3)
    mall.status = 200
    assert eventually(lambda: simulator.look("notices")[0]["state"] == "delivered")
    heard = len(mall.heard)
    ids = {json.loads(body)["id"] for _, body in mall.heard}
    signatures = {headers["Wechatpay-Signature"] for headers, _ in mall.heard}
    assert (len(ids), len(signatures)) == (1, heard)


def test_a_notice_is_given_up_after_all_tries(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    mall.status = 500
    simulator.pay("P00000001")
    for _ in range(40):
        simulator.control("clock", advance_seconds=7200)
        if eventually(lambda: simulator.look("notices")[0]["state"] == "given_up", 0.1):
            break
    assert simulator.look("notices")[0]["tries"] == 16
    assert len(mall.heard) == 16


def test_a_mall_that_is_away_hears_later(merchant: Merchant, simulator: Simulator) -> None:
    simulator.opens("http://127.0.0.1:9")
    simulator.pay("P00000001")
    assert simulator.look("notices")[0]["answers"] == ["ConnectionError"]
    with a_mall(simulator) as mall:
        assert eventually(lambda: len(mall.heard) == 1)


# Held back, and sent again


def test_notices_are_held_and_released_in_any_order(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.hold()
    simulator.pay("P00000001")
    merchant.refund("P00000001", "R-1", 3000)
    assert eventually(lambda: len(simulator.held()) == 2)
    assert mall.heard == []
    assert [one["state"] for one in simulator.release(simulator.held()[::-1])] == ["delivered"] * 2
    assert mall.kinds() == ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]
    assert simulator.held() == []
    simulator.control(f"notices/{simulator.look('notices')[0]['notice_id']}/send")
    assert mall.kinds()[2:] == ["TRANSACTION.SUCCESS"]


def test_what_is_held_stays_held_where_the_mall_refuses(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.hold()
    simulator.pay("P00000001")
    mall.status = 401
    assert simulator.release()[0]["state"] == "held"
    assert len(mall.heard) == 1


def test_without_a_mall_everything_is_held(merchant: Merchant, simulator: Simulator) -> None:
    assert simulator.pay("P00000001")["notice"]["state"] == "held"
    headers, body = simulator.notice(simulator.held()[0])
    assert opened(merchant, (headers, body))["resource"]["out_trade_no"] == "P00000001"


def test_a_payment_may_go_untold(merchant: Merchant, simulator: Simulator, mall: Mall) -> None:
    assert simulator.pay("P00000001", tell=False)["notice"] is None
    assert (mall.heard, merchant.query("P00000001")[1]["trade_state"]) == ([], "SUCCESS")


@pytest.mark.parametrize("path", ["notices/none/send", "notices/release"])
def test_a_notice_that_is_not_cannot_be_sent(simulator: Simulator, path: str) -> None:
    answer = requests.post(f"{simulator.url}/_sim/{path}", json={"ids": ["none"]}, timeout=10)
    assert answer.status_code == 400


# Faults


@pytest.mark.parametrize(
    ("kind", "as_read"),
    [
        ("notice_signtest", "refused"),
        ("notice_tampered", "refused"),
        ("notice_unknown_serial", "refused"),
        ("notice_odd_serial", "refused"),
        ("notice_no_serial", "refused"),
        ("notice_missing_type", "refused"),  # by the library; WeChat's own would read it
        ("notice_wrong_key", "refused"),
        ("notice_stale", "read"),  # the library knows no replay; the mall must
    ],
)
def test_a_spoilt_notice(
    merchant: Merchant, simulator: Simulator, mall: Mall, kind: str, as_read: str
) -> None:
    simulator.fault(kind, times=1)
    simulator.pay("P00000001")
    assert len(mall.heard) == 1
    assert outcome(lambda: opened(merchant, mall.heard[0])) == as_read


def test_a_probe_is_one_by_its_signature(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.fault("notice_signtest", times=1)
    simulator.pay("P00000001")
    assert mall.heard[0][0]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


def test_a_notice_comes_twice_is_lost_or_late(
    merchant: Merchant, simulator: Simulator, mall: Mall
) -> None:
    simulator.fault("notice_duplicate", times=1)
    simulator.pay("P00000001")
    assert len(mall.heard) == 2
    simulator.fault("notice_lost", path="REFUND.*", times=1)
    merchant.refund("P00000001", "R-1", 100)
    assert eventually(lambda: len(simulator.look("notices", state="lost")) == 1)
    simulator.fault("notice_delayed", seconds=0.3, times=1)
    merchant.refund("P00000001", "R-2", 100)
    assert eventually(lambda: len(simulator.look("notices")) == 3)
    assert len(mall.heard) == 2
    assert eventually(lambda: len(mall.heard) == 3)


def test_any_notice_can_be_made(merchant: Merchant, simulator: Simulator) -> None:
    made = simulator.notice_of("REFUND.SUCCESS", {"out_trade_no": "P9"})
    assert opened(merchant, made)["resource"]["out_trade_no"] == "P9"
