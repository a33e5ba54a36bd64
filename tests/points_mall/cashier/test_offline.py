"""Sales made without the network: signed by the device, taken in order, each once."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from miniprogram_api.core.clock import clock, in_shop_time, now
from miniprogram_api.core.db import canonical_json
from miniprogram_api.members.services import close_account
from points_mall.cashier.codes import new_receipt_code
from tests.points_mall.purchases.shop import audited, points_of

from .desk import Desk, acts, everything, live_code, number_of, shopper
from .test_receipts import claim


class Device:
    """What a browser does with a key that cannot be taken out of it."""

    def __init__(self, till: str = "T1") -> None:
        self.key, self.till = ec.generate_private_key(ec.SECP256R1()), till

    @property
    def public_key(self) -> str:
        public = self.key.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def sale(
        self, receipt_no: str, amount_fen: int, member: str = "", **more: Any
    ) -> dict[str, Any]:
        """A signed sale, as WebCrypto signs it."""
        told: dict[str, Any] = {
            "receipt_no": receipt_no,
            "amount_fen": amount_fen,
            "sold_at": in_shop_time(now()).isoformat(),
            "member": member,
            "receipt_code": "",
            "tender": "",
            **more,
        }
        signed = canonical_json({**told, "till": self.till}).encode()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(SHA256())))
        signature = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
        present = {name: value for name, value in told.items() if value != ""}
        return {**present, "signature": signature}


@pytest.fixture
def device(desk: Desk, manager: Desk) -> Device:
    """Till T1, registered with its device."""
    made = Device()
    body = {"code": "T1", "name": "一号台", "public_key": made.public_key}
    assert manager.post("/tills", body).status_code == 201
    return made


def sync(desk: Desk, *sales: dict[str, Any]) -> Any:
    return desk.post("/offline-sales", {"sales": list(sales)})


def outcomes(answer: Any) -> list[tuple[str, str, str | None]]:
    assert answer.status_code == 200, answer.text
    names = ("receipt_no", "outcome", "reason")
    return [tuple(one[name] for name in names) for one in answer.get_json()["items"]]


def test_sales_earn_once_the_network_is_back(desk: Desk, device: Device) -> None:
    member, receipt_code = shopper(tier="gold"), new_receipt_code()
    made = [
        device.sale("R-1", 5000, number_of(member), tender="wechat"),
        device.sale("R-2", 700, receipt_code=receipt_code),
    ]
    clock.advance(timedelta(hours=1))
    assert outcomes(sync(desk, *made)) == [("R-1", "recorded", None), ("R-2", "recorded", None)]
    assert points_of(member) == (75, 0, 0)
    shown = desk.get("/sales").get_json()["items"]
    assert [(one["sold_at"], one["tender"], one["payable_fen"]) for one in shown] == [
        ("2026-11-21T13:00:00+08:00", "cash", 700),
        ("2026-11-21T13:00:00+08:00", "wechat", 5000),
    ]
    assert claim(desk, shopper(phone=None), receipt_code).get_json()["points_earned"] == 7

    before = everything()
    again = outcomes(sync(desk, *made))
    assert again == [("R-1", "repeated", None), ("R-2", "repeated", None)]
    assert everything() == before
    assert audited() == []


def test_a_live_code_that_was_good_when_it_was_scanned_earns(desk: Desk, device: Device) -> None:
    member = shopper()
    sale = device.sale("R-1", 5000, live_code(member))
    clock.advance(timedelta(minutes=5))
    assert outcomes(sync(desk, sale)) == [("R-1", "recorded", None)]
    assert points_of(member) == (50, 0, 0)


def test_a_code_that_was_used_online_gives_nobody_points_twice(
    desk: Desk, other_desk: Desk, device: Device
) -> None:
    member = shopper()
    code = live_code(member)
    sale = device.sale("R-1", 5000, code)
    other_desk.scan(code)
    assert outcomes(sync(desk, sale)) == [("R-1", "conflict", "code_used")]
    assert points_of(member) == (0, 0, 0)


def test_what_cannot_earn_is_recorded_for_nobody_and_listed_for_a_manager(
    desk: Desk, manager: Desk, device: Device
) -> None:
    gone = shopper()
    number, code = number_of(gone), live_code(shopper(phone=None))
    close_account(gone)
    late = device.sale("R-3", 300, sold_at="2026-11-21T12:00:00+08:00", member=code)
    future = device.sale("R-4", 400, sold_at="2026-11-22T13:00:00+08:00")
    sales = [device.sale("R-1", 100, number), device.sale("R-2", 600_000), late, future]
    clock.advance(timedelta(minutes=2))
    sales.append(device.sale("R-5", 500, code))
    assert outcomes(sync(desk, *sales)) == [
        ("R-1", "conflict", "unknown_code"),
        ("R-2", "conflict", "sale_amount"),
        ("R-3", "conflict", "code_expired"),
        ("R-4", "conflict", "sold_at_not_believed"),
        ("R-5", "conflict", "code_expired"),
    ]
    assert desk.get("/offline-conflicts").get_json()["code"] == "role_too_low"
    listed = manager.get("/offline-conflicts").get_json()["items"]
    assert [(one["receipt_no"], one["reason"]) for one in listed] == [
        ("R-5", "code_expired"),
        ("R-4", "sold_at_not_believed"),
        ("R-3", "code_expired"),
        ("R-2", "sale_amount"),
        ("R-1", "unknown_code"),
    ]
    assert code not in str(listed)
    answer = manager.post(f"/offline-conflicts/{listed[0]['id']}/resolve", {"reason": "已核实"})
    assert answer.status_code == 204
    assert len(manager.get("/offline-conflicts").get_json()["items"]) == 4
    again = manager.post(f"/offline-conflicts/{listed[0]['id']}/resolve", {"reason": "已核实"})
    assert (again.status_code, again.get_json()["code"]) == (404, "no_such_conflict")
    assert len(acts("till.resolve_conflict")) == 1


def test_a_receipt_that_was_sold_otherwise_is_a_conflict(desk: Desk, device: Device) -> None:
    desk.sale(None, 5000, "R-1")
    before = everything()
    for _ in range(2):
        assert outcomes(sync(desk, device.sale("R-1", 700))) == [
            ("R-1", "conflict", "receipt_used")
        ]
    assert everything() == before


def forged(device: Device, how: str) -> dict[str, Any]:
    sale = device.sale("R-1", 5000)
    if how == "another amount":
        return {**sale, "amount_fen": 50_000}
    if how == "another member":
        return {**sale, "member": "8000000000000003"}
    if how == "another device":
        return Device().sale("R-1", 5000)
    if how == "another till":
        return Device(till="T2").sale("R-1", 5000)
    return {**sale, "signature": base64.b64encode(bytes(64)).decode()}


@pytest.mark.parametrize(
    "how", ["another amount", "another member", "another device", "another till", "zeros"]
)
def test_a_forged_signature_takes_nothing_of_the_whole_list(
    desk: Desk, device: Device, how: str
) -> None:
    before = everything()
    answer = sync(desk, device.sale("R-0", 100), forged(device, how))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "device_signature_invalid")
    assert everything() == before


def test_a_till_without_a_device_sends_nothing(desk: Desk, device: Device) -> None:
    desk.till = "T5"
    answer = sync(desk, Device("T5").sale("R-1", 100))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "device_signature_invalid")


def test_a_revoked_till_sends_nothing(desk: Desk, manager: Desk, device: Device) -> None:
    assert manager.post("/tills/T1/revoke", {"reason": "平板丢失"}).status_code == 200
    before = everything()
    answer = sync(desk, device.sale("R-1", 100))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "till_revoked")
    assert desk.scan("6901234567892").get_json()["code"] == "till_revoked"
    assert everything() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"sold_at": "2026-13-45T00:00:00+08:00"},
        {"sold_at": "yesterday"},
        {"signature": "AAAA"},
        {"receipt_no": "R" * 10_000},
        {"receipt_code": "89" + "0" * 17 + "1"},
        {"member": "１２３"},
        {"amount_fen": "1e9"},
        {"tender": "gold"},
    ],
    ids=str,
)
def test_what_is_no_offline_sale_is_refused(
    desk: Desk, device: Device, wrong: dict[str, Any]
) -> None:
    answer = sync(desk, {**device.sale("R-1", 100), **wrong})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")


def test_nobody_sends_more_than_a_hundred_at_once(desk: Desk, device: Device) -> None:
    sale = device.sale("R-1", 100)
    assert sync(desk, *[sale] * 101).status_code == 422
