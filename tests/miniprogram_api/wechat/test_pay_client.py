"""What the client asks of WeChat Pay, and how it meets refusals, silence and lies."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from miniprogram_api.wechat.errors import (
    AlreadyPaid,
    Final,
    PaymentClosed,
    PaymentNumberUsed,
    PaymentUnknown,
    Retryable,
    WeChatMisconfigured,
    WeChatNonsense,
    WeChatRefused,
    WeChatUnavailable,
)
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_answers import PaymentState, RefundState
from tests.miniprogram_api.wechat.conftest import MakePay
from tests.miniprogram_api.wechat.pay_stub import APPID, MCHID, PUBLIC_KEY_ID, PayStub

JSAPI = "/v3/pay/transactions/jsapi"
QUERY = "/v3/pay/transactions/out-trade-no/P20261121"
REFUNDS = "/v3/refund/domestic/refunds"

PAID = {
    "appid": APPID,
    "mchid": MCHID,
    "out_trade_no": "P20261121",
    "transaction_id": "4200000001",
    "trade_type": "JSAPI",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "success_time": "2026-11-21T10:00:05+08:00",
    "payer": {"openid": "oAnna"},
    "amount": {"total": 2190, "payer_total": 2190, "currency": "CNY", "payer_currency": "CNY"},
}
REFUND = {
    "refund_id": "5030000001",
    "out_refund_no": "R1",
    "transaction_id": "4200000001",
    "out_trade_no": "P20261121",
    "user_received_account": "零钱",
    "create_time": "2026-11-21T10:00:06+08:00",
    "status": "PROCESSING",
    "amount": {"total": 2190, "refund": 500, "payer_total": 2190, "payer_refund": 500},
}
PREPAY: dict[str, Any] = {
    "out_trade_no": "P20261121",
    "description": "积分商城 · 咖啡",
    "amount_fen": 2190,
    "openid": "oAnna",
    "expires_at": datetime(2026, 11, 21, 2, 15, tzinfo=UTC),
    "notify_url": "https://mall.example/wechat/pay/notifications",
}


@pytest.fixture(params=["public_key", "certificate"])
def either(request: pytest.FixtureRequest, pay_stub: PayStub, make_pay: MakePay) -> PayClient:
    """A client of each kind of merchant."""
    pay_stub.signs_with = request.param
    return make_pay(with_public_key=request.param == "public_key")


def test_a_payment_is_prepared(either: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(JSAPI, {"prepay_id": "wx2110"})
    assert either.prepay(**PREPAY, attach="till 3") == "wx2110"
    assert pay_stub.last.body == {
        "appid": APPID,
        "mchid": MCHID,
        "description": "积分商城 · 咖啡",
        "out_trade_no": "P20261121",
        "time_expire": "2026-11-21T10:15:00+08:00",
        "notify_url": "https://mall.example/wechat/pay/notifications",
        "amount": {"total": 2190, "currency": "CNY"},
        "payer": {"openid": "oAnna"},
        "attach": "till 3",
    }


def test_the_public_key_that_we_verify_with_is_named(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(JSAPI, {"prepay_id": "wx2110"})
    wxpay.prepay(**PREPAY)
    assert pay_stub.last.headers["Wechatpay-Serial"] == PUBLIC_KEY_ID


def test_a_long_description_is_cut(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(JSAPI, {"prepay_id": "wx2110"})
    wxpay.prepay(**{**PREPAY, "description": "咖" * 200})
    assert pay_stub.last.body["description"] == "咖" * 127


def test_what_the_phone_gets_is_signed_by_the_merchant(wxpay: PayClient, pay_stub: PayStub) -> None:
    asked = wxpay.sign_for_client("wx2110")
    assert asked["package"] == "prepay_id=wx2110"
    assert asked["signType"] == "RSA"
    text = f"{APPID}\n{asked['timeStamp']}\n{asked['nonceStr']}\nprepay_id=wx2110\n"
    pay_stub.keys.merchant.public_key().verify(
        base64.b64decode(asked["paySign"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def test_a_paid_order_is_read(either: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(QUERY, PAID)
    assert either.query("P20261121") == PaymentState(
        out_trade_no="P20261121",
        trade_state="SUCCESS",
        transaction_id="4200000001",
        success_at=datetime(2026, 11, 21, 2, 0, 5, tzinfo=UTC),
        amount_fen=2190,
        currency="CNY",
        openid="oAnna",
        appid=APPID,
        mchid=MCHID,
    )
    assert pay_stub.last.path == QUERY + "?mchid=1900000001"


def test_an_unpaid_order_is_read(wxpay: PayClient, pay_stub: PayStub) -> None:
    order = {"appid": APPID, "mchid": MCHID, "out_trade_no": "P20261121"}
    pay_stub.answer(QUERY, {**order, "trade_state": "NOTPAY", "trade_state_desc": "订单未支付"})
    state = wxpay.query("P20261121")
    assert (state.trade_state, state.is_paid, state.transaction_id) == ("NOTPAY", False, None)


def test_a_refunded_order_stays_paid(wxpay: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(QUERY, {**PAID, "trade_state": "REFUND"})
    assert wxpay.query("P20261121").is_paid


@pytest.mark.parametrize(
    "changed",
    [
        {"trade_state": "PAID"},
        {"trade_state": None},
        {"amount": {"total": "2190"}},
        {"amount": {"total": -1}},
        {"amount": {"total": 2190.0}},
        {"amount": {"total": True}},
        {"amount": {"total": 10**12}},
        {"amount": [2190]},
        {"payer": "oAnna"},
        {"transaction_id": ""},
        {"success_time": "yesterday"},
        {"success_time": "2026-11-21T10:00:05"},
        {"out_trade_no": "P20261122"},
        {"out_trade_no": 20261121},
        {"appid": None},
    ],
)
def test_an_answer_of_another_form_is_not_believed(
    wxpay: PayClient, pay_stub: PayStub, changed: dict[str, Any]
) -> None:
    pay_stub.answer(QUERY, {**PAID, **changed})
    with pytest.raises(WeChatNonsense):
        wxpay.query("P20261121")


@pytest.mark.parametrize("answer", [[], "paid", 7, None])
def test_an_answer_that_is_no_object_is_not_believed(
    wxpay: PayClient, pay_stub: PayStub, answer: object
) -> None:
    pay_stub.answer(QUERY, answer)
    with pytest.raises(WeChatNonsense):
        wxpay.query("P20261121")


def test_closing_is_answered_by_a_signed_nothing(either: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(QUERY + "/close", None, 204)
    either.close("P20261121")
    assert pay_stub.last.body == {"mchid": MCHID}


def test_a_refund_is_asked_and_queried(either: PayClient, pay_stub: PayStub) -> None:
    pay_stub.answer(REFUNDS, REFUND)
    pay_stub.answer(REFUNDS + "/R1", {**REFUND, "status": "SUCCESS",
                                      "success_time": "2026-11-21T10:01:00+08:00"})  # fmt: skip
    asked = either.refund(
        out_trade_no="P20261121",
        out_refund_no="R1",
        refund_fen=500,
        total_fen=2190,
        reason="少了一杯",
        notify_url="https://mall.example/wechat/pay/notifications",
    )
    assert pay_stub.last.body == {
        "out_trade_no": "P20261121",
        "out_refund_no": "R1",
        "reason": "少了一杯",
        "notify_url": "https://mall.example/wechat/pay/notifications",
        "amount": {"refund": 500, "total": 2190, "currency": "CNY"},
    }
    expected = RefundState(
        out_refund_no="R1",
        out_trade_no="P20261121",
        status="PROCESSING",
        refund_id="5030000001",
        transaction_id="4200000001",
        refund_fen=500,
        total_fen=2190,
        success_at=None,
    )
    assert asked == expected
    done = either.query_refund("R1")
    assert (done.status, done.success_at) == ("SUCCESS", datetime(2026, 11, 21, 2, 1, tzinfo=UTC))


def test_an_odd_number_cannot_leave_its_place_in_the_path(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    with pytest.raises(PaymentUnknown):
        wxpay.query("P1/../../x?y=粤B|*")
    assert pay_stub.last.path.startswith(
        "/v3/pay/transactions/out-trade-no/P1%2F..%2F..%2Fx%3Fy%3D%E7%B2%A4B%7C%2A?mchid="
    )


@pytest.mark.parametrize(
    ("status", "code", "error", "maybe_done"),
    [
        (404, "ORDER_NOT_EXIST", PaymentUnknown, None),
        (404, "ORDERNOTEXIST", PaymentUnknown, None),
        (404, "RESOURCE_NOT_EXISTS", PaymentUnknown, None),
        (400, "ORDER_CLOSED", PaymentClosed, None),
        (400, "ORDERPAID", AlreadyPaid, None),
        (403, "OUT_TRADE_NO_USED", PaymentNumberUsed, None),
        (400, "PARAM_ERROR", WeChatRefused, None),
        (400, "INVALID_REQUEST", WeChatRefused, None),
        (403, "RULE_LIMIT", WeChatRefused, None),
        (403, "USER_ACCOUNT_ABNORMAL", WeChatRefused, None),
        (500, "OPENID_MISMATCH", WeChatRefused, None),
        (418, "", WeChatRefused, None),
        (401, "SIGN_ERROR", WeChatMisconfigured, False),
        (401, "", WeChatMisconfigured, False),
        (403, "NO_AUTH", WeChatMisconfigured, False),
        (400, "APPID_MCHID_NOT_MATCH", WeChatMisconfigured, False),
        (403, "NOT_ENOUGH", WeChatMisconfigured, False),
        (429, "FREQUENCY_LIMITED", WeChatUnavailable, False),
        (429, "", WeChatUnavailable, False),
        (202, "USERPAYING", WeChatUnavailable, True),
        (500, "SYSTEM_ERROR", WeChatUnavailable, True),
        (500, "BANK_ERROR", WeChatUnavailable, True),
        (502, "", WeChatUnavailable, True),
    ],
)
def test_each_refusal_says_what_can_be_done(
    wxpay: PayClient,
    pay_stub: PayStub,
    status: int,
    code: str,
    error: type[Exception],
    maybe_done: bool | None,
) -> None:
    pay_stub.refuse(JSAPI, status, code)
    with pytest.raises(error) as refused:
        wxpay.prepay(**PREPAY)
    assert type(refused.value) is error
    assert isinstance(refused.value, Final if maybe_done is None else Retryable)
    assert getattr(refused.value, "maybe_done", None) is maybe_done
    assert getattr(refused.value, "pay_code", None) == (code or None)
    assert getattr(refused.value, "rid", "").startswith("08F0")
    assert len(pay_stub.asked) == 1


def test_a_probe_among_the_answers_leaves_the_outcome_open(
    either: PayClient, pay_stub: PayStub
) -> None:
    pay_stub.answer(REFUNDS, REFUND)
    pay_stub.probes_answers = True
    with pytest.raises(WeChatNonsense) as open_:
        either.refund(
            out_trade_no="P20261121",
            out_refund_no="R1",
            refund_fen=500,
            total_fen=2190,
            reason="",
            notify_url="https://mall.example/n",
        )
    assert open_.value.maybe_done
    assert pay_stub.paths().count(REFUNDS) == 1


@pytest.mark.parametrize("offset", [-300, 301])
def test_an_old_answer_is_not_believed(wxpay: PayClient, pay_stub: PayStub, offset: int) -> None:
    pay_stub.answer(QUERY, PAID)
    pay_stub.stamp_offset_seconds = offset
    with pytest.raises(WeChatNonsense):
        wxpay.query("P20261121")


def test_an_answer_after_the_patience_leaves_the_outcome_open(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    pay_stub.answer(JSAPI, {"prepay_id": "wx2110"})
    pay_stub.answers_late_seconds = 0.8
    with pytest.raises(WeChatUnavailable) as open_:
        wxpay.prepay(**PREPAY)
    assert open_.value.maybe_done
    assert pay_stub.paths() == [JSAPI]


def test_a_connection_that_breaks_leaves_the_outcome_open(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    pay_stub.drops_connection = True
    with pytest.raises(WeChatUnavailable) as open_:
        wxpay.close("P20261121")
    assert open_.value.maybe_done
    assert pay_stub.paths() == [QUERY + "/close"]


def test_where_nobody_listens_nothing_was_done(make_pay: MakePay) -> None:
    with pytest.raises(WeChatUnavailable) as away:
        make_pay(base_url="http://127.0.0.1:9").close("P20261121")
    assert not away.value.maybe_done


def test_an_error_tells_no_address_and_no_openid(make_pay: MakePay) -> None:
    with pytest.raises(WeChatUnavailable) as away:
        make_pay(base_url="http://127.0.0.1:9").authorization("oAnna-secret")
    assert away.value.__cause__ is None
    assert away.value.__context__ is None
    assert "oAnna" not in repr(away.value)


def test_the_shops_address_has_one_slash_before_the_path(wxpay: PayClient) -> None:
    assert wxpay.notify_url("/wechat/pay/notifications") == (
        "https://mall.example/wechat/pay/notifications"
    )
