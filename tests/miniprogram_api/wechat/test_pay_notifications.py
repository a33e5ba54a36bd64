"""Only what WeChat Pay provably said, just now, is read; nobody makes us ask WeChat for nothing."""

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from miniprogram_api.wechat import pay_core
from miniprogram_api.wechat.errors import NotificationRejected, WeChatUnavailable
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.pay_answers import payment_of, refund_of
from tests.miniprogram_api.wechat.conftest import MakePay
from tests.miniprogram_api.wechat.pay_stub import APPID, MCHID, Certificate, PayStub, new_serial
from tests.miniprogram_api.wechat.test_pay_client import PAID

CERTIFICATES = "/v3/certificates"
PURCHASE = {
    "mchid": MCHID,
    "merchant_name": "万象城",
    "shop_name": "咖啡",
    "shop_number": "1024",
    "appid": APPID,
    "openid": "oAnna",
    "time_end": "2026-11-21T10:00:00+08:00",
    "amount": 8800,
    "transaction_id": "4200000009",
}
REFUNDED = {
    "mchid": MCHID,
    "transaction_id": "4200000001",
    "out_trade_no": "P20261121",
    "refund_id": "5030000001",
    "out_refund_no": "R1",
    "refund_status": "SUCCESS",
    "success_time": "2026-11-21T11:00:00+08:00",
    "user_received_account": "零钱",
    "amount": {"total": 2190, "refund": 500, "payer_total": 2190, "payer_refund": 500},
}


@pytest.fixture(params=["public_key", "certificate"])
def either(request: pytest.FixtureRequest, pay_stub: PayStub, make_pay: MakePay) -> PayClient:
    """A client of each kind of merchant."""
    pay_stub.signs_with = request.param
    return make_pay(with_public_key=request.param == "public_key")


def is_rejected(client: PayClient, headers: dict[str, str], body: bytes) -> bool:
    try:
        client.read_notification(headers, body)
    except NotificationRejected as rejected:
        return rejected.answer == {"code": "FAIL", "message": "通知验签失败"}
    return False


def test_a_notification_is_read(either: PayClient, pay_stub: PayStub) -> None:
    headers, body = pay_stub.notification("MALL_TRANSACTION.SUCCESS", PURCHASE)
    told = either.read_notification(headers, body)
    assert told.id == json.loads(body)["id"]
    assert told.event_type == "MALL_TRANSACTION.SUCCESS"
    assert told.created_at == datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert told.resource == PURCHASE


def test_a_payment_and_a_refund_are_read_as_a_query_tells_them(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    paid = wxpay.read_notification(*pay_stub.notification("TRANSACTION.SUCCESS", PAID))
    assert payment_of(paid.resource).amount_fen == 2190
    refunded = wxpay.read_notification(*pay_stub.notification("REFUND.SUCCESS", REFUNDED))
    state = refund_of(refunded.resource)
    assert (state.status, state.refund_fen, state.total_fen) == ("SUCCESS", 500, 2190)
    assert (state.out_refund_no, state.currency) == ("R1", "CNY")


def test_the_names_of_headers_may_be_written_in_any_way(
    either: PayClient, pay_stub: PayStub
) -> None:
    headers, body = pay_stub.notification("MALL_TRANSACTION.SUCCESS", PURCHASE)
    assert either.read_notification({n.lower(): v for n, v in headers.items()}, body).id
    assert either.read_notification({n.upper(): v for n, v in headers.items()}, body).id


def test_a_missing_scheme_is_taken_for_granted(either: PayClient, pay_stub: PayStub) -> None:
    pay_stub.leaves_out_scheme = True
    assert either.read_notification(*pay_stub.notification("X", PURCHASE)).resource == PURCHASE


@pytest.mark.parametrize("offset", [-300, -6 * 3600, 301])
def test_what_is_not_of_this_minute_is_refused(
    either: PayClient, pay_stub: PayStub, offset: int
) -> None:
    assert is_rejected(either, *pay_stub.notification("X", PURCHASE, offset_seconds=offset))


def test_what_is_nearly_stale_is_read(either: PayClient, pay_stub: PayStub) -> None:
    assert either.read_notification(*pay_stub.notification("X", PURCHASE, offset_seconds=-290)).id


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Wechatpay-Signature", ""),
        ("Wechatpay-Signature", "AAAA"),
        ("Wechatpay-Signature", "是"),
        ("Wechatpay-Nonce", ""),
        ("Wechatpay-Nonce", "another"),
        ("Wechatpay-Timestamp", ""),
        ("Wechatpay-Timestamp", "now"),
        ("Wechatpay-Timestamp", "-1"),
        ("Wechatpay-Timestamp", "9" * 40),
        ("Wechatpay-Timestamp", "１７００００００００"),
        ("Wechatpay-Signature-Type", "WECHATPAY-BRAND-SHA256-RSA2048"),
        ("Wechatpay-Serial", ""),
        ("Wechatpay-Serial", "zz"),
        ("Wechatpay-Serial", "0x" + "5B" * 19),
        ("Wechatpay-Serial", "PUB_KEY_ID_9"),
        ("Wechatpay-Serial", "5C" * 20),
    ],
)
def test_a_wrong_header_is_refused(
    either: PayClient, pay_stub: PayStub, header: str, value: str
) -> None:
    headers, body = pay_stub.notification("X", PURCHASE)
    assert is_rejected(either, {**headers, header: value}, body)
    missing = {name: given for name, given in headers.items() if name != header}
    if header != "Wechatpay-Signature-Type":
        assert is_rejected(either, missing, body)


def test_another_spelling_of_the_headers_is_no_way_around(
    either: PayClient, pay_stub: PayStub
) -> None:
    headers, body = pay_stub.notification("X", PURCHASE)
    django = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
    assert is_rejected(either, django, body)


def test_a_probe_is_answered_as_a_failed_check(either: PayClient, pay_stub: PayStub) -> None:
    headers, body = pay_stub.notification("X", PURCHASE)
    headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
    assert is_rejected(either, headers, body)


def test_an_altered_body_is_refused(either: PayClient, pay_stub: PayStub) -> None:
    headers, body = pay_stub.notification("X", PURCHASE)
    assert is_rejected(either, headers, body.replace("支付成功".encode(), "支付失败".encode()))
    assert is_rejected(either, headers, body + b" ")


def test_a_forger_with_a_key_of_their_own_is_refused(either: PayClient, pay_stub: PayStub) -> None:
    headers, body = pay_stub.notification("X", PURCHASE, key=pay_stub.keys.merchant)
    assert is_rejected(either, headers, body)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b"null", b'{"resource": 7}'])
def test_an_odd_body_is_refused_even_when_signed(
    either: PayClient, pay_stub: PayStub, body: bytes
) -> None:
    headers = pay_stub.signature_headers(body.decode("utf-8", "replace"))
    assert is_rejected(either, headers, body)


def test_what_another_key_has_encrypted_is_refused(either: PayClient, pay_stub: PayStub) -> None:
    assert is_rejected(either, *pay_stub.notification("X", PURCHASE, apiv3_key="f" * 32))


@pytest.mark.parametrize("resource", ["7", '"text"', "[]", "no JSON"])
def test_a_resource_that_is_no_object_is_refused(
    wxpay: PayClient, pay_stub: PayStub, resource: str
) -> None:
    assert is_rejected(wxpay, *pay_stub.notification("X", resource))


def test_forgers_cost_one_question_in_ten_minutes(
    either: PayClient, pay_stub: PayStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = pay_stub.notification("X", PURCHASE)
    assert either.read_notification(headers, body).id
    asked_before = pay_stub.paths().count(CERTIFICATES)
    for _ in range(20):
        assert is_rejected(either, {**headers, "Wechatpay-Serial": new_serial()}, body)
    assert pay_stub.paths().count(CERTIFICATES) <= 1
    later = time.monotonic() + pay_core.REFRESH_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    for _ in range(20):
        assert is_rejected(either, {**headers, "Wechatpay-Serial": new_serial()}, body)
    assert pay_stub.paths().count(CERTIFICATES) in {asked_before + 1, 2}
    assert either.read_notification(headers, body).id


def test_a_new_certificate_is_fetched_when_it_is_met(
    make_pay: MakePay, pay_stub: PayStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay_stub.signs_with = "certificate"
    client = make_pay(with_public_key=False)
    client.read_notification(*pay_stub.notification("X", PURCHASE))
    renewed = Certificate()
    pay_stub.certificates.append(renewed)
    assert is_rejected(client, *pay_stub.notification("X", PURCHASE, certificate=renewed))
    later = time.monotonic() + pay_core.REFRESH_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert client.read_notification(*pay_stub.notification("X", PURCHASE, certificate=renewed)).id
    assert client.read_notification(*pay_stub.notification("X", PURCHASE)).id


@pytest.mark.parametrize("answer", ["fails", "empty", "nonsense", "wrong key", "no object"])
def test_certificates_survive_a_failed_refresh(
    make_pay: MakePay, pay_stub: PayStub, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    pay_stub.signs_with = "certificate"
    client = make_pay(with_public_key=False)
    client.read_notification(*pay_stub.notification("X", PURCHASE))
    _break_certificates(pay_stub, answer, monkeypatch)
    later = time.monotonic() + pay_core.REFRESH_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    headers, body = pay_stub.notification("X", PURCHASE)
    assert is_rejected(client, {**headers, "Wechatpay-Serial": new_serial()}, body)
    assert pay_stub.paths().count(CERTIFICATES) == 2
    assert client.read_notification(*pay_stub.notification("X", PURCHASE)).id


def _break_certificates(pay_stub: PayStub, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "fails":
        pay_stub.fails_certificates = True
        return
    broken: dict[str, dict[str, Any]] = {
        "empty": {"data": []},
        "nonsense": {"data": [{"serial_no": "1"}, 7]},
        "wrong key": {
            "data": [
                {
                    "serial_no": "1",
                    "effective_time": "2024-01-01T00:00:00+08:00",
                    "expire_time": "2034-01-01T00:00:00+08:00",
                    "encrypt_certificate": {
                        "algorithm": "AEAD_AES_256_GCM",
                        "nonce": "0123456789ab",
                        "associated_data": "certificate",
                        "ciphertext": "AAAA",
                    },
                }
            ]
        },
        "no object": {"data": None},
    }
    monkeypatch.setattr(pay_stub, "respond", lambda _: (200, broken[how]))


def test_both_kinds_of_keys_are_taken_while_a_merchant_moves(
    wxpay: PayClient, pay_stub: PayStub
) -> None:
    old = pay_stub.keys.certificate
    assert wxpay.read_notification(*pay_stub.notification("X", PURCHASE)).id
    assert wxpay.read_notification(*pay_stub.notification("X", PURCHASE, certificate=old)).id
    assert pay_stub.paths() == [CERTIFICATES]


def test_an_expired_certificate_counts_for_nothing(make_pay: MakePay, pay_stub: PayStub) -> None:
    over = Certificate(valid_days=0)
    pay_stub.certificates.append(over)
    pay_stub.signs_with = "certificate"
    client = make_pay(with_public_key=False)
    assert is_rejected(client, *pay_stub.notification("X", PURCHASE, certificate=over))


def test_without_certificates_nothing_is_asked_that_could_not_be_verified(
    make_pay: MakePay, pay_stub: PayStub
) -> None:
    pay_stub.fails_certificates = True
    client = make_pay(with_public_key=False)
    for _ in range(3):
        with pytest.raises(WeChatUnavailable) as away:
            client.close("P20261121")
        assert not away.value.maybe_done
    assert pay_stub.paths() == [CERTIFICATES]


def test_many_notifications_at_once_share_one_download(
    make_pay: MakePay, pay_stub: PayStub
) -> None:
    pay_stub.signs_with = "certificate"
    client = make_pay(with_public_key=False)
    told = [pay_stub.notification("X", PURCHASE) for _ in range(12)]
    read: list[str] = []

    def read_one(headers: dict[str, str], body: bytes) -> None:
        read.append(client.read_notification(headers, body).id)

    threads = [threading.Thread(target=read_one, args=one) for one in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read) == sorted(json.loads(body)["id"] for _, body in told)
    assert pay_stub.paths() == [CERTIFICATES]
