"""The simulated WeChat Pay keeps WeChat's rules; a merchant with the real library finds out."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_core import PayKeys as OurKeys
from miniprogram_api.wechat.simulator import pay_rules, pay_wire
from miniprogram_api.wechat.simulator.pay_keys import PayKeys, kept_in, private_pem, public_pem
from miniprogram_api.wechat.simulator.server import create_simulator, load, save
from miniprogram_api.wechat.simulator.world import Config
from tests.miniprogram_api.wechat.merchants import (
    APPID,
    Merchant,
    eventually,
    merchant_of,
    prepay_body,
)
from tests.services.wechat import Simulator, pay_keys

PREPAY = "/v3/pay/transactions/jsapi"


@pytest.fixture
def merchant(simulator: Simulator) -> Merchant:
    return merchant_of(simulator)


def signed(
    method: str, target: str, body: bytes = b"", *, nonce: str = "n-1", age: int = 0, **wrong: str
) -> dict[str, str]:
    """The headers of a merchant's request, written without the library."""
    keys, stamp = pay_keys(), str(int(time.time()) - age)
    lines = method, target, stamp, nonce, body.decode()
    parts = {
        "mchid": keys.mchid,
        "nonce_str": nonce,
        "timestamp": stamp,
        "serial_no": keys.serial,
        "signature": pay_wire.signature(keys.merchant_key, *lines),
    }
    text = ",".join(f'{name}="{value}"' for name, value in (parts | wrong).items())
    return {
        "Authorization": f"WECHATPAY2-SHA256-RSA2048 {text}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Wechatpay-Serial": keys.public_key_id,
    }


def is_vouched_for(answer: requests.Response) -> bool:
    """Whether WeChat Pay's public key signed the answer."""
    stamp, nonce = (answer.headers[f"Wechatpay-{name}"] for name in ("Timestamp", "Nonce"))
    public = pay_keys().own_key.public_key()
    given = answer.headers["Wechatpay-Signature"]
    return pay_wire.is_signed(public, given, stamp, nonce, answer.text)


# Signatures


def test_a_signature_is_over_each_line_with_its_end() -> None:
    """Checked with openssl: the text is `GET\\n/v3/x?y=1\\n1554208460\\nabc\\n\\n`."""
    key = pay_keys().merchant_key
    lines = "GET", "/v3/x?y=1", "1554208460", "abc", ""
    given = pay_wire.signature(key, *lines)
    assert pay_wire.is_signed(key.public_key(), given, *lines)
    assert not pay_wire.is_signed(key.public_key(), given, *lines[:-1])
    assert not pay_wire.is_signed(key.public_key(), "not base64!", *lines)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer x",
        'WECHATPAY2-SHA256-RSA2048 mchid="1"',
        'WECHATPAY2-SHA256-RSA2048 mchid=1,serial_no="a",nonce_str="b",timestamp="1",signature="c"',
    ],
)
def test_a_request_without_a_whole_authorization_is_refused(
    simulator: Simulator, header: str
) -> None:
    answer = requests.get(
        f"{simulator.url}/v3/certificates", headers={"Authorization": header}, timeout=10
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert is_vouched_for(answer)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mchid": "1999999999"}, "商户证书序列号有误。请使用签名私钥匹配的证书序列号"),
        ({"serial_no": "5A" * 20}, "商户证书序列号有误。请使用签名私钥匹配的证书序列号"),
        ({"signature": "AAAA"}, "错误的签名，验签失败"),
        ({"age": 301}, "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"),
        ({"age": -301}, "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"),
    ],
)
def test_a_wrong_signature_is_refused(
    simulator: Simulator, changes: dict[str, Any], message: str
) -> None:
    headers = signed("POST", PREPAY, b"{}", **changes)
    answer = requests.post(simulator.url + PREPAY, data=b"{}", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["message"]) == (401, message)
    assert simulator.look("orders") == []


def test_the_raw_request_line_and_the_raw_body_are_signed(simulator: Simulator) -> None:
    target = "/v3/businesscircle/user-authorizations/%E5%B0%8F?appid=" + APPID
    good = signed("GET", target)
    assert requests.get(simulator.url + target, headers=good, timeout=10).status_code == 404
    plain = signed("GET", target.replace("%E5%B0%8F", "小"), nonce="n-2")
    assert requests.get(simulator.url + target, headers=plain, timeout=10).status_code == 401
    headers = signed("POST", PREPAY, b'{"a": 1}', nonce="n-3")
    other = requests.post(simulator.url + PREPAY, data=b'{"a":1}', headers=headers, timeout=10)
    assert other.status_code == 401


def test_a_nonce_is_good_once(simulator: Simulator) -> None:
    headers = signed("GET", "/v3/nowhere")
    answers = [
        requests.get(f"{simulator.url}/v3/nowhere", headers=headers, timeout=10) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [404, 401]


def test_a_merchant_with_the_public_key_says_so(simulator: Simulator) -> None:
    headers = signed("GET", "/v3/nowhere") | {"Wechatpay-Serial": "5A" * 20}
    answer = requests.get(f"{simulator.url}/v3/nowhere", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


def test_every_answer_is_signed_also_an_empty_one(merchant: Merchant, simulator: Simulator) -> None:
    merchant.prepay()
    path = "/v3/pay/transactions/out-trade-no/P00000001/close"
    body = json.dumps({"mchid": pay_keys().mchid}).encode()
    answer = requests.post(
        simulator.url + path, data=body, headers=signed("POST", path, body), timeout=10
    )
    assert (answer.status_code, answer.text) == (204, "")
    assert is_vouched_for(answer)


# Orders


def test_an_order_is_placed_paid_and_told_about(merchant: Merchant, simulator: Simulator) -> None:
    code, told = merchant.prepay(attach="a-1")
    assert (code, told["prepay_id"][:2]) == (200, "wx")
    unpaid = merchant.query("P00000001")[1]
    assert (unpaid["trade_state"], unpaid["amount"]["total"]) == ("NOTPAY", 8800)
    assert "transaction_id" not in unpaid
    simulator.pay(told["prepay_id"])
    paid = merchant.query("P00000001")[1]
    assert (paid["trade_state"], paid["payer"], paid["attach"]) == (
        "SUCCESS",
        {"openid": "anna"},
        "a-1",
    )
    assert paid["amount"]["payer_total"] == 8800
    assert len(paid["transaction_id"]) == 28
    by_theirs = f"/v3/pay/transactions/id/{paid['transaction_id']}?mchid={pay_keys().mchid}"
    assert merchant.ask(by_theirs) == (200, paid)


def test_the_same_request_renews_an_order_and_another_one_does_not(merchant: Merchant) -> None:
    first, second = (merchant.prepay()[1]["prepay_id"] for _ in range(2))
    assert first != second
    assert merchant.prepay(fen=8801) == (
        400,
        {"code": "INVALID_REQUEST", "message": "请求重入时，参数与首次请求时不一致"},
    )
    assert merchant.query("P00000001")[1]["amount"]["total"] == 8800


def test_a_paid_or_closed_order_is_not_placed_again(
    merchant: Merchant, simulator: Simulator
) -> None:
    merchant.prepay()
    simulator.pay("P00000001")
    assert merchant.prepay()[1]["code"] == "OUT_TRADE_NO_USED"
    assert merchant.close("P00000001") == (
        400,
        {"code": "INVALID_REQUEST", "message": "该订单已支付"},
    )
    merchant.prepay("P00000002")
    assert [merchant.close("P00000002") for _ in range(2)] == [(204, {})] * 2
    assert merchant.prepay("P00000002")[1]["code"] == "ORDER_CLOSED"
    assert merchant.query("P00000002")[1]["trade_state"] == "CLOSED"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payer": None}, "缺少必填参数 /payer"),
        ({"out_trade_no": "P1"}, "/out_trade_no 长度应为 6 到 32"),
        ({"out_trade_no": "P0000 001"}, "/out_trade_no 含有不允许的字符"),
        ({"description": "茶" * 128}, "/description 长度应为 1 到 127"),
        ({"amount": {"total": 88.0}}, "/amount/total 应为整数"),
        ({"amount": {"total": True}}, "/amount/total 应为整数"),
        ({"amount": {"total": 0}}, "/amount/total 应为 1 或以上"),
        ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency 含有不允许的字符"),
        ({"notify_url": "http://mall.example/x"}, "/notify_url 应为 https 地址"),
        ({"notify_url": "https://mall.example/x?y=1"}, "/notify_url 应为不带参数的地址"),
        ({"time_expire": "2026-11-22 10:00:00"}, "/time_expire 应为 RFC 3339 格式的时间"),
        ({"atach": "x"}, "未知的参数 /atach"),
        ({"payer": {"openid": "nobody"}}, "无效的openid"),
    ],
)
def test_a_prepay_that_breaks_a_rule_is_refused(
    merchant: Merchant, changes: dict[str, Any], message: str, simulator: Simulator
) -> None:
    assert merchant.prepay(**changes) == (400, {"code": "PARAM_ERROR", "message": message})
    assert simulator.look("orders") == []


def test_a_plain_address_is_for_this_machine_only() -> None:
    body = prepay_body(notify_url="http://127.0.0.1:8000/wechat/pay/notifications")
    assert pay_rules.complaint(pay_rules.PREPAY, body) is None


def test_another_program_is_refused(merchant: Merchant) -> None:
    assert merchant.prepay(appid="wx9")[1]["code"] == "APPID_MCHID_NOT_MATCH"


def test_what_nobody_placed_is_unknown(merchant: Merchant) -> None:
    assert merchant.query("P00000009")[0] == 404
    assert merchant.close("P00000009")[1]["code"] == "ORDER_NOT_EXIST"
    assert merchant.ask("/v3/nowhere")[1]["code"] == "RESOURCE_NOT_EXISTS"


@pytest.mark.parametrize(
    ("seconds", "path"), [(61, ""), (2 * 3600 + 1, "prepay"), (7 * 86400 + 1, "")]
)
def test_the_time_to_pay_ends(
    merchant: Merchant, simulator: Simulator, seconds: int, path: str
) -> None:
    ends_at = (datetime.now(UTC) + timedelta(seconds=90)).isoformat(timespec="seconds")
    prepay_id = merchant.prepay(time_expire=ends_at if seconds == 61 else None)[1]["prepay_id"]
    simulator.control("clock", advance_seconds=seconds + (30 if seconds == 61 else 0))
    asked = {"prepay_id": prepay_id} if path else {"out_trade_no": "P00000001"}
    answer = requests.post(f"{simulator.url}/_sim/payments", json=asked, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (409, "the time to pay is over")
    assert merchant.query("P00000001")[1]["trade_state"] == "NOTPAY"


def test_an_end_within_a_minute_is_refused(merchant: Merchant) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=55)).isoformat(timespec="seconds")
    assert merchant.prepay(time_expire=soon)[1]["message"] == "time_expire 应在一分钟之后"


def test_a_payment_goes_through_once_and_by_its_payer_only(
    merchant: Merchant, simulator: Simulator
) -> None:
    merchant.prepay()
    wrong = {"out_trade_no": "P00000001", "openid": "bert"}
    answer = requests.post(f"{simulator.url}/_sim/payments", json=wrong, timeout=10)
    assert answer.json()["error"] == "the order is somebody else's"
    first = simulator.pay("P00000001", openid="anna")["transaction"]["transaction_id"]
    again = requests.post(f"{simulator.url}/_sim/payments", json=wrong, timeout=10)
    assert (again.status_code, again.json()["error"]) == (409, "the order is SUCCESS")
    assert merchant.query("P00000001")[1]["transaction_id"] == first


def test_the_phone_pays_with_what_the_merchant_signed_for_it(
    merchant: Merchant, simulator: Simulator
) -> None:
    package = f"prepay_id={merchant.prepay()[1]['prepay_id']}"
    facts = {"timeStamp": "1766000001", "nonceStr": "n", "package": package, "signType": "RSA"}
    sign = merchant.core.sign([APPID, "1766000001", "n", package])
    forged = requests.post(
        f"{simulator.url}/_sim/payments", json={**facts, "paySign": sign[:-4] + "AAA="}, timeout=10
    )
    assert (forged.status_code, forged.json()["error"]) == (
        409,
        "requestPayment:fail 支付验证签名失败",
    )
    assert merchant.query("P00000001")[1]["trade_state"] == "NOTPAY"
    simulator.control("payments", **facts, paySign=sign, openid="anna")
    assert merchant.query("P00000001")[1]["trade_state"] == "SUCCESS"


# Refunds


@pytest.fixture
def paid(merchant: Merchant, simulator: Simulator) -> Merchant:
    """A merchant with one paid order, P00000001 of 88 yuan."""
    merchant.prepay()
    simulator.pay("P00000001")
    return merchant


def settled(merchant: Merchant, number: str) -> dict[str, Any]:
    path = f"/v3/refund/domestic/refunds/{number}"
    assert eventually(lambda: merchant.ask(path)[1]["status"] != "PROCESSING")
    return merchant.ask(path)[1]


def test_a_refund_is_under_way_and_then_settled(paid: Merchant) -> None:
    code, told = paid.refund("P00000001", "R-1", 3000, reason="少一件")
    assert (code, told["status"], told["amount"]["refund"]) == (200, "PROCESSING", 3000)
    assert "success_time" not in told
    assert settled(paid, "R-1")["status"] == "SUCCESS"
    assert paid.query("P00000001")[1]["trade_state"] == "REFUND"


def test_the_same_refund_again_is_the_same_refund(paid: Merchant, simulator: Simulator) -> None:
    first, again = (paid.refund("P00000001", "R-1", 3000)[1]["refund_id"] for _ in range(2))
    assert first == again
    assert paid.refund("P00000001", "R-1", 2999)[1]["code"] == "INVALID_REQUEST"
    assert len(simulator.look("refunds")) == 1


def test_no_more_goes_back_than_was_paid(paid: Merchant, simulator: Simulator) -> None:
    paid.refund("P00000001", "R-1", 3000)
    assert paid.refund("P00000001", "R-2", 5801) == (
        400,
        {"code": "INVALID_REQUEST", "message": "申请退款金额超过可退金额"},
    )
    assert paid.refund("P00000001", "R-2", 100, total=9900)[1]["code"] == "INVALID_REQUEST"
    assert paid.refund("P00000001", "R-2", 5800)[0] == 200
    assert simulator.look("orders")[0]["refunded"] == 8800


def test_what_was_not_paid_is_not_refunded(merchant: Merchant, simulator: Simulator) -> None:
    merchant.prepay()
    for number in ("P00000001", "P00000002"):
        assert merchant.refund(number, "R-1", 1)[1]["code"] == "RESOURCE_NOT_EXISTS"
    assert simulator.look("refunds") == []


def test_fifty_refunds_are_the_most(paid: Merchant) -> None:
    for number in range(50):
        assert paid.refund("P00000001", f"R-{number}", 1)[0] == 200
    assert paid.refund("P00000001", "R-50", 1)[1]["code"] == "RULE_LIMIT"


def test_after_a_year_nothing_is_refunded(paid: Merchant, simulator: Simulator) -> None:
    simulator.control("clock", advance_seconds=365 * 86400 + 1)
    assert paid.refund("P00000001", "R-1", 1)[1]["code"] == "RULE_LIMIT"


@pytest.mark.parametrize("status", ["ABNORMAL", "CLOSED"])
def test_a_refund_may_fail_and_leave_the_money(
    paid: Merchant, simulator: Simulator, status: str
) -> None:
    simulator.fault(f"refund_{status.lower()}", times=1)
    paid.refund("P00000001", "R-1", 8800)
    assert settled(paid, "R-1")["status"] == status
    assert paid.refund("P00000001", "R-2", 8800)[0] == 200


def test_a_refund_waits_to_be_settled_by_hand(paid: Merchant, simulator: Simulator) -> None:
    simulator.control("pay", refund_seconds=-1)
    paid.refund("P00000001", "R-1", 100)
    time.sleep(0.2)
    assert paid.ask("/v3/refund/domestic/refunds/R-1")[1]["status"] == "PROCESSING"
    simulator.control("refunds/R-1/settle", status="SUCCESS")
    assert paid.ask("/v3/refund/domestic/refunds/R-1")[1]["status"] == "SUCCESS"


def test_the_merchant_refunds_by_hand_what_is_left(paid: Merchant, simulator: Simulator) -> None:
    assert (
        simulator.control("refunds", out_trade_no="P00000001", amount_fen=800)["amount"]["refund"]
        == 800
    )
    assert simulator.control("refunds", out_trade_no="P00000001")["amount"]["refund"] == 8000
    body = {"out_trade_no": "P00000001"}
    answer = requests.post(f"{simulator.url}/_sim/refunds", json=body, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (409, "nothing is left to refund")


# Faults in answers


@pytest.mark.parametrize(
    "kind",
    ["answer_signtest", "answer_bad_signature", "answer_unsigned", "answer_unknown_serial"],
)
def test_an_answer_that_cannot_be_trusted_comes_after_the_deed(
    merchant: Merchant, simulator: Simulator, kind: str
) -> None:
    simulator.fault(kind, path=PREPAY, times=1)
    with pytest.raises(Exception, match=r"verify the signature|algorithm|invalid literal|base"):
        merchant.prepay()
    assert merchant.query("P00000001")[1]["trade_state"] == "NOTPAY"


def test_a_stale_answer_has_an_old_timestamp(merchant: Merchant, simulator: Simulator) -> None:
    simulator.fault("answer_stale", times=1)
    answer = requests.get(
        f"{simulator.url}/v3/nowhere", headers=signed("GET", "/v3/nowhere"), timeout=10
    )
    assert time.time() - int(answer.headers["Wechatpay-Timestamp"]) > 6 * 3600 - 60
    assert is_vouched_for(answer)


@pytest.mark.parametrize("after", [False, True])
def test_wechat_pay_refuses_on_demand(
    merchant: Merchant, simulator: Simulator, *, after: bool
) -> None:
    simulator.fault("pay_error", code="FREQUENCY_LIMITED", times=1, after_acting=after)
    assert merchant.prepay()[0] == 429
    assert len(simulator.look("orders")) == int(after)


def test_the_connection_is_cut_after_the_deed(merchant: Merchant, simulator: Simulator) -> None:
    simulator.fault("reset", path=PREPAY, times=1, after_acting=True)
    with pytest.raises(requests.ConnectionError):
        merchant.prepay()
    assert merchant.query("P00000001")[1]["trade_state"] == "NOTPAY"


def test_each_half_of_wechat_has_refusals_of_its_own(
    merchant: Merchant, simulator: Simulator
) -> None:
    simulator.fault("busy")
    assert merchant.prepay()[0] == 200
    simulator.mend()
    simulator.fault("pay_error")
    url = f"{simulator.url}/cgi-bin/token?grant_type=client_credential"
    assert requests.get(url, timeout=10).json()["errcode"] == 40013


# Certificates and the bill


def test_a_merchant_with_certificates_only(simulator: Simulator) -> None:
    keys = pay_keys()
    simulator.login_code("anna")
    simulator.control("pay", mode="certificate")
    pem = private_pem(keys.merchant_key)
    ours = OurKeys(keys.mchid, keys.serial, pem, keys.apiv3_key, None, None)
    client = PayClient(APPID, ours, base_url=simulator.url)
    ends_at = datetime.now(UTC) + timedelta(minutes=10)
    client.prepay(
        out_trade_no="P00000001",
        description="茶",
        amount_fen=100,
        openid="anna",
        expires_at=ends_at,
        notify_url="https://mall.example/x",
    )
    assert client.query("P00000001").trade_state == "NOTPAY"


def test_certificates_are_sealed_and_rotate(merchant: Merchant, simulator: Simulator) -> None:
    assert merchant.ask("/v3/certificates")[0] == 500  # of a merchant with the public key
    simulator.control("pay", mode="both")
    first = merchant.ask("/v3/certificates")[1]["data"]
    second = simulator.control("pay/rotate")["serial"]
    both = merchant.ask("/v3/certificates")[1]["data"]
    assert [one["serial_no"] for one in both] == [first[0]["serial_no"], second]
    assert both[0]["encrypt_certificate"]["algorithm"] == "AEAD_AES_256_GCM"
    simulator.control("pay", certificates=False)
    assert merchant.ask("/v3/certificates")[1]["code"] == "SYSTEM_ERROR"


def test_the_bill_of_a_day_lists_payments_and_refunds(paid: Merchant, simulator: Simulator) -> None:
    day = datetime.fromtimestamp(simulator.world.now(), UTC) + timedelta(hours=8)
    paid.refund("P00000001", "R-1", 3000)
    path = f"/v3/bill/tradebill?bill_date={day:%Y-%m-%d}"
    assert paid.ask(path)[1]["code"] == "PARAM_ERROR"  # the day is not over
    simulator.control("clock", advance_seconds=86400)
    url = paid.ask(path)[1]["download_url"]
    target = url.removeprefix(simulator.url)
    text = requests.get(url, headers=signed("GET", target), timeout=10).text
    header, payment, refund = text.splitlines()
    assert header.startswith("交易时间,公众账号ID,商户号")
    assert payment.endswith("`P00000001,`anna,`SUCCESS,`CNY,`88.00,`0,`0,`0.00,`")
    assert "`P00000001,`anna,`REFUND,`CNY,`0.00,`503" in refund
    assert ",`R-1,`30.00,`" in refund


# The strings


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pay", {"mode": "neither"}),
        ("pay", {"certificates": "yes"}),
        ("pay", {"skew_seconds": "1"}),
        ("mall", {"url": "https://mall.example"}),
        ("mall", {"url": "http://127.0.0.1.mall.example:80"}),
        ("mall", {"url": "http://127.0.0.1:80@mall.example"}),
        ("mall", {"url": "http://127.0.0.1:80/somewhere"}),
        ("payments", {}),
        ("refunds", {"out_trade_no": 1}),
        ("refunds/none/settle", {}),
        ("mall-purchases", {"openid": "anna", "shop_number": "7", "amount_fen": 1.5}),
        ("mall-purchases", {"openid": "anna", "shop_number": "7", "amount_fen": 0}),
        ("mall-purchases/none/claim", {"commit_tag": "t"}),
        ("mall-refunds", {"transaction_id": "none"}),
        ("authorisations", {"openid": "anna", "how": "perhaps"}),
        ("notices/hold", {"hold": 1}),
        ("notices/release", {"ids": "all"}),
    ],
)
def test_a_string_pulled_wrongly_moves_nothing(
    simulator: Simulator, path: str, body: dict[str, Any]
) -> None:
    before = simulator.world.snapshot()
    answer = requests.post(f"{simulator.url}/_sim/{path}", json=body, timeout=10)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert simulator.world.snapshot() == before


def test_what_nobody_ordered_cannot_be_paid(simulator: Simulator) -> None:
    for path in ("payments", "refunds"):
        body = {"out_trade_no": "P00000009"}
        answer = requests.post(f"{simulator.url}/_sim/{path}", json=body, timeout=10)
        assert answer.status_code == 409


def test_a_reset_forgets_orders_and_keeps_the_keys(
    merchant: Merchant, simulator: Simulator
) -> None:
    merchant.prepay()
    simulator.control("reset")
    assert simulator.look("orders") == []
    assert merchant.query("P00000001")[0] == 404


# Keys and state


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "wechatpay"
    kept = kept_in(folder, pay_keys)
    again = kept_in(folder, PayKeys.fresh)
    assert (again.mchid, again.serial, again.apiv3_key) == (
        kept.mchid,
        kept.serial,
        kept.apiv3_key,
    )
    assert private_pem(again.merchant_key) == private_pem(pay_keys().merchant_key)
    assert (folder / "pub_key.pem").read_text() == public_pem(pay_keys().own_key)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_new_keys_have_wechats_forms() -> None:
    keys = PayKeys.fresh()
    assert (len(keys.mchid), len(keys.serial), len(keys.apiv3_key)) == (10, 40, 32)
    assert keys.public_key_id.startswith(f"PUB_KEY_ID_01{keys.mchid}")


def test_orders_refunds_and_purchases_outlive_a_restart(
    paid: Merchant, simulator: Simulator, tmp_path: Path
) -> None:
    paid.refund("P00000001", "R-1", 3000)
    settled(paid, "R-1")
    simulator.control("mall-purchases", openid="anna", shop_number="7", amount_fen=100)
    save(simulator.app, tmp_path / "wechat.json")
    after = create_simulator(Config(APPID, "x", pay_keys=pay_keys))
    load(after, tmp_path / "wechat.json")
    world = after.extensions["world"].pay
    assert world.orders["P00000001"].state == "REFUND"
    assert world.refunds["R-1"].status == "SUCCESS"
    assert [one.amount_fen for one in world.purchases.values()] == [100]
    assert len(world.notices) == 2
    after.extensions["post"].close()
