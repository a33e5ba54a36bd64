"""What a cashier may not do alone, and how a manager lets one thing be done, once."""

from datetime import timedelta
from typing import Any

import pytest

from miniprogram_api.core.clock import clock
from miniprogram_api.staff import accounts

from .desk import Desk, acts, everything, shopper

PASSWORD = "three blue umbrellas"


@pytest.fixture
def li(desk: Desk) -> str:
    """A manager who types a password."""
    accounts.add("li.si", PASSWORD, "manager", name="李店长")
    return "li.si"


def ask(desk: Desk, act: str, subject: str, amount_fen: int, **who: Any) -> Any:
    body = {"act": act, "subject": subject, "amount_fen": amount_fen, "username": "li.si"}
    return desk.post("/approvals", {**body, "password": PASSWORD, **who})


def test_an_approved_refund_is_given_once(desk: Desk, li: str) -> None:
    sold = desk.sale(None, 60000, "R-1")
    answer = ask(desk, "refund", sold["sale_no"], 30000)
    given = answer.get_json()
    assert (answer.status_code, given["approved_by"]) == (201, li)
    assert given["expires_at"] == "2026-11-21T13:10:00+08:00"
    assert acts("till.approve") == [("staff:li.si", f"refund:{sold['sale_no']}")]

    wanted = {"amount_fen": 30000, "approval_id": given["approval_id"]}
    assert desk.refund(sold["sale_no"], **wanted).get_json()["cash_fen"] == 30000
    before = everything()
    again = desk.refund(sold["sale_no"], **wanted)
    assert (again.status_code, again.get_json()["code"]) == (409, "approval_not_valid")
    assert everything() == before


def test_an_approval_is_for_one_thing_one_amount_and_one_person(
    desk: Desk, other_desk: Desk, li: str
) -> None:
    sold, other = desk.sale(None, 60000, "R-1"), desk.sale(None, 60000, "R-2")
    approval = ask(desk, "refund", sold["sale_no"], 30000).get_json()["approval_id"]
    before = everything()
    tries = [
        desk.refund(other["sale_no"], amount_fen=30000, approval_id=approval),
        desk.refund(sold["sale_no"], amount_fen=30001, approval_id=approval),
        other_desk.refund(sold["sale_no"], amount_fen=30000, approval_id=approval),
        desk.refund(sold["sale_no"], amount_fen=30000, approval_id="A" + "0" * 30),
    ]
    assert {one.get_json()["code"] for one in tries} == {"approval_not_valid"}
    assert everything() == before


def test_an_approval_is_over_after_ten_minutes(desk: Desk, li: str) -> None:
    sold = desk.sale(None, 60000, "R-1")
    approval = ask(desk, "refund", sold["sale_no"], 30000).get_json()["approval_id"]
    clock.advance(timedelta(minutes=10))
    answer = desk.refund(sold["sale_no"], amount_fen=30000, approval_id=approval)
    assert answer.get_json()["code"] == "approval_not_valid"


def test_a_large_sale_needs_an_approval_of_its_quote(desk: Desk, li: str) -> None:
    quote = desk.quoted(500_001)
    assert quote["approval"] == {"limit": "sale_amount", "most": 500_000, "asked": 500_001}
    before = everything()
    refused = desk.sell(quote["quote_id"], "R-1")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "approval_needed")
    assert everything() == before
    approval = ask(desk, "sale", quote["quote_id"], 500_001).get_json()["approval_id"]
    sold = desk.sell(quote["quote_id"], "R-1", approval_id=approval)
    assert sold.get_json()["payable_fen"] == 500_001


def test_a_fourth_sale_to_a_member_in_a_day_needs_an_approval(
    desk: Desk, other_desk: Desk, li: str
) -> None:
    member = shopper()
    for number in range(3):
        desk.sale(member, 1000, f"R-{number}")
    quote = desk.quoted(1000, scan_id=desk.scanned(member))
    assert quote["approval"] == {"limit": "member_sales", "most": 3, "asked": 4}
    refused = desk.sell(quote["quote_id"], "R-4")
    assert refused.get_json()["limit"] == "member_sales"
    assert other_desk.sale(member, 1000, "R-1")["points_earned"] == 10
    approval = ask(desk, "sale", quote["quote_id"], 1000).get_json()["approval_id"]
    assert desk.sell(quote["quote_id"], "R-4", approval_id=approval).status_code == 201


def test_who_may_not_approve_does_not(desk: Desk, li: str) -> None:
    accounts.add("zhao", PASSWORD, "editor")
    accounts.add("qian", PASSWORD, "manager", store="S09")
    sold = desk.sale(None, 60000, "R-1")
    answers = [
        ask(desk, "refund", sold["sale_no"], 30000, **who)
        for who in (
            {"password": "three red umbrellas"},
            {"username": "nobody"},
            {"username": "zhao"},
            {"username": "qian"},
        )
    ]
    assert [(one.status_code, one.get_json()["code"]) for one in answers] == [
        (401, "sign_in_refused"),
        (401, "sign_in_refused"),
        (403, "role_too_low"),
        (403, "role_too_low"),
    ]
    assert acts("till.approve") == []


def test_nobody_approves_for_themselves(desk: Desk, li: str) -> None:
    token = desk.client.post(
        "/api/v1/staff/sessions", json={"username": li, "password": PASSWORD}
    ).get_json()["access_token"]
    own = Desk(desk.client, {"Authorization": f"Bearer {token}"})
    answer = ask(own, "sale", "1", 100)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "own_approval")


def test_guessing_a_managers_password_locks_the_manager_not_the_till(desk: Desk, li: str) -> None:
    tries = [ask(desk, "sale", "1", 100, password=f"wrong {n} wrong") for n in range(6)]
    assert [one.status_code for one in tries] == [401] * 5 + [429]
    assert tries[-1].get_json()["code"] == "staff_locked"
    assert desk.sale(None, 100, "R-1")["payable_fen"] == 100


def test_a_manager_approves_by_pin(desk: Desk, li: str) -> None:
    accounts.set_pin(li, "730518")
    sold = desk.sale(None, 60000, "R-1")
    asked = {"act": "refund", "subject": sold["sale_no"], "amount_fen": 30000, "username": li}
    wrong = desk.post("/approvals", {**asked, "pin": "730519"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (401, "sign_in_refused")
    both = desk.post("/approvals", {**asked, "pin": "730518", "password": PASSWORD})
    assert (both.status_code, both.get_json()["code"]) == (422, "validation_failed")
    assert acts("till.approve") == []
    given = desk.post("/approvals", {**asked, "pin": "730518"})
    assert given.status_code == 201
    wanted = {"amount_fen": 30000, "approval_id": given.get_json()["approval_id"]}
    assert desk.refund(sold["sale_no"], **wanted).get_json()["cash_fen"] == 30000
