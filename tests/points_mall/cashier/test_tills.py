"""Tills: registered by a manager, opened by their first use, taken out of service."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.jobs.registry import registered
from points_mall.cashier import personal
from points_mall.cashier.cli import tills_cli
from points_mall.cashier.models import PosQuote, Scan

from .desk import Desk, acts, number_of, person, shopper, signed_in
from .test_offline import Device


def body(device: Device, **more: Any) -> dict[str, Any]:
    return {"code": "T1", "name": "一号台", "public_key": device.public_key, **more}


def test_a_manager_registers_a_till_with_its_device(desk: Desk, manager: Desk) -> None:
    device = Device()
    answer = manager.post("/tills", body(device, store="S01"))
    assert answer.status_code == 201
    shown = desk.get("/tills/current").get_json()
    assert (shown["code"], shown["name"], shown["store"]) == ("T1", "一号台", "S01")
    assert (shown["is_registered"], shown["has_key"], shown["registered_by"]) == (
        True,
        True,
        "staff:li",
    )
    assert manager.post("/tills", body(device, store="S01")).status_code == 201
    taken = manager.post("/tills", body(Device(), store="S01"))
    assert (taken.status_code, taken.get_json()["code"]) == (409, "till_taken")
    listed = manager.get("/tills").get_json()["items"]
    assert [(one["code"], one["is_registered"]) for one in listed] == [("T1", True)]
    assert len(acts("till.register")) == 2


def test_a_till_that_was_opened_by_its_use_is_taken_over(desk: Desk, manager: Desk) -> None:
    desk.sale(None, 100, "R-1")
    assert desk.get("/tills/current").get_json()["has_key"] is False
    assert manager.post("/tills", body(Device())).status_code == 201
    assert desk.get("/tills/current").get_json()["has_key"] is True
    assert desk.get("/sales").get_json()["items"][0]["receipt_no"] == "R-1"


def test_a_cashier_registers_none(desk: Desk) -> None:
    answer = desk.post("/tills", body(Device()))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "role_too_low")


def test_a_manager_of_one_store_registers_for_it_alone(manager: Desk) -> None:
    local = Desk(manager.client, signed_in(person("wu", "manager", store="S01")), till=None)
    refused = local.post("/tills", body(Device(), store="S02"))
    assert (refused.status_code, refused.get_json()["code"]) == (403, "other_store")
    assert local.post("/tills", body(Device())).get_json()["store"] == "S01"


def other_curve() -> str:
    device = Device()
    device.key = ec.generate_private_key(ec.SECP384R1())
    return device.public_key


@pytest.mark.parametrize("key", ["A" * 120, "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + "A" * 88])
def test_what_is_no_key_is_refused(manager: Desk, key: str) -> None:
    answer = manager.post("/tills", {"code": "T1", "name": "一号台", "public_key": key})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "device_key_invalid")


def test_a_key_of_another_curve_is_refused(manager: Desk) -> None:
    answer = manager.post("/tills", {"code": "T1", "name": "台", "public_key": other_curve()})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "device_key_invalid")


@pytest.mark.parametrize("code", ["T 1", "T" * 21, "台1", ""])
def test_what_is_no_till_code_is_refused(desk: Desk, code: str) -> None:
    headers = {**desk.headers, "X-Till": code.encode().decode("latin-1")}
    answer = desk.client.get("/api/v1/pos/tills/current", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "till_code_invalid")


@pytest.mark.parametrize("code", ["%00", "T%20", "收银", "x" * 500, "T7"])
def test_a_till_that_cannot_be_is_not_found(manager: Desk, code: str) -> None:
    answer = manager.post(f"/tills/{code}/revoke", {"reason": "x"})
    assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_till")


def test_who_names_no_till_has_one_of_their_own(desk: Desk) -> None:
    desk.till = None
    assert desk.get("/tills/current").get_json()["code"] == "u1"


class TestWhereTillsMustBeRegistered:
    """No till is opened by its use."""

    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"TILLS_MUST_BE_REGISTERED": True}

    def test_an_unknown_till_may_not_act(self, desk: Desk, manager: Desk) -> None:
        answer = desk.quote(100)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "no_such_till")
        assert manager.post("/tills", body(Device())).status_code == 201
        assert desk.quote(100).status_code == 201


def test_old_quotes_and_scans_are_forgotten_and_those_of_sales_stay(desk: Desk) -> None:
    member = shopper()
    desk.sale(member, 100, "R-1")
    desk.quoted(100, scan_id=desk.scanned(member))
    clock.advance(timedelta(days=2, minutes=11))
    registered("cashier.forget").handler({})
    assert db.session.scalar(sa.select(sa.func.count(PosQuote.id))) == 0
    assert db.session.scalar(sa.select(sa.func.count(Scan.id))) == 1


def test_the_export_tells_where_a_member_was_known(desk: Desk) -> None:
    member = shopper()
    sold = desk.sale(member, 100, "R-1")
    at = "2026-11-21T13:00:00+08:00"
    assert personal.export_visits(member) == {
        "scans": [{"till": "T1", "kind": "code", "at": at}],
        "sales": [{"sale_no": sold["sale_no"], "till": "T1", "receipt_no": "R-1", "sold_at": at}],
    }


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(tills_cli, list(words))
    return done.exit_code, done.output


def test_the_commands_do_what_the_endpoints_do(mall: Flask, desk: Desk) -> None:
    desk.sale(None, 100, "R-1")
    member = shopper()
    code, output = run(mall, "list", "--json")
    assert code == 0
    assert json.loads(output) == {
        "code": "T1",
        "name": "T1",
        "store": None,
        "is_registered": False,
        "revoked_at": None,
        "locked_until": None,
    }
    assert run(mall, "unlock", "T1", "--reason", "x") == (0, "T1: unlocked\n")
    assert run(mall, "own-account", "chen", "--member", number_of(member))[0] == 0
    assert desk.scan(number_of(member)).get_json()["code"] == "own_account"
    assert run(mall, "revoke", "T1", "--reason", "x") == (0, "T1: revoked\n")
    assert desk.quote(100).get_json()["code"] == "till_revoked"
    assert run(mall, "revoke", "T7", "--reason", "x") == (1, "Error: 收银台未登记 · no till T7\n")
