"""What a cashier cannot do, through HTTP: adjust points, see a phone, refund above the limit, act for
another store, reach what belongs to managers.
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.auth.guards import GUARD
from miniprogram_api.core.clock import clock
from miniprogram_api.staff.guards import COOKIE, CSRF_HEADER

from .desk import Desk, everything, live_code, number_of, person, shopper, signed_in

MANAGERS_ONLY = [
    ("POST", "/api/v1/pos/tills", {"code": "T1", "name": "x", "public_key": "A" * 120}),
    ("GET", "/api/v1/pos/tills", None),
    ("POST", "/api/v1/pos/tills/T1/revoke", {"reason": "x"}),
    ("POST", "/api/v1/pos/tills/T1/unlock", {"reason": "x"}),
    ("GET", "/api/v1/pos/offline-conflicts", None),
    ("POST", "/api/v1/pos/offline-conflicts/1/resolve", {"reason": "x"}),
]


@pytest.mark.parametrize(("verb", "path", "body"), MANAGERS_ONLY, ids=lambda one: str(one)[:48])
def test_what_belongs_to_managers_is_closed_to_a_cashier(
    desk: Desk, verb: str, path: str, body: Any
) -> None:
    answer = desk.client.open(path, method=verb, json=body, headers=desk.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "role_too_low")
    assert answer.get_json()["yours"] == "cashier"


def test_every_till_call_wears_the_guard_of_staff(mall: Flask) -> None:
    rules = [rule for rule in mall.url_map.iter_rules() if rule.rule.startswith("/api/v1/pos")]
    views = [mall.view_functions[rule.endpoint] for rule in rules]
    worn = {getattr(handler, GUARD) for view in views for handler in handlers_of(view)}
    assert (len(rules) > 15, worn) == (True, {"staff"})


def handlers_of(view: Any) -> list[Any]:
    """What answers: the view, or one for each verb of a class."""
    if not hasattr(view, "view_class"):
        return [view]
    return [getattr(view.view_class, verb.lower()) for verb in view.view_class.methods]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/quotes", {"amount_fen": 100, "points_to_earn": 9999}),
        ("/quotes", {"amount_fen": 100, "points": 9999}),
        ("/quotes", {"amount_fen": 100, "payable_fen": 1}),
        ("/quotes", {"lines": [{"title": "x", "amount_fen": 100, "payable_fen": 1}]}),
        ("/quotes", {"lines": [{"title": "x", "amount_fen": 100, "category": "top_up"}]}),
        ("/sales", {"quote_id": "1", "receipt_no": "R-1", "points_earned": 9999}),
        ("/sales", {"quote_id": "1", "receipt_no": "R-1", "member_id": "1"}),
    ],
    ids=str,
)
def test_no_call_takes_points_or_a_price(desk: Desk, path: str, body: dict[str, Any]) -> None:
    before = everything()
    answer = desk.post(path, body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation_failed")
    assert everything() == before


def test_no_path_of_the_till_adjusts_points(mall: Flask) -> None:
    paths = [rule.rule for rule in mall.url_map.iter_rules() if "/pos" in rule.rule]
    assert not [path for path in paths if "adjust" in path or "points" in path]


def test_no_answer_of_the_till_holds_a_phone_or_a_member_number(desk: Desk) -> None:
    member = shopper(points=1000)
    number = number_of(member)
    scanned = desk.scan(live_code(member))
    scan_id = scanned.get_json()["scan_id"]
    quote = desk.quote(5000, scan_id=scan_id, use_points=True)
    sold = desk.sell(quote.get_json()["quote_id"], "R-1")
    answers = [
        scanned,
        quote,
        sold,
        desk.get("/members?phone_last4=5991"),
        desk.get("/sales"),
        desk.refund(sold.get_json()["sale_no"], dry_run=True),
    ]
    assert {one.status_code for one in answers} <= {200, 201}
    for answer in answers:
        assert "13800135991" not in answer.text
        assert number not in answer.text
        assert "爱" not in answer.text


def test_a_cashier_acts_for_no_other_store(desk: Desk) -> None:
    here = Desk(desk.client, signed_in(person("qian", "cashier", store="S01")), till="T11")
    sold = here.sale(None, 5000, "R-1")
    there = Desk(desk.client, signed_in(person("sun", "cashier", store="S02")), till="T11")
    before = everything()
    answers = [
        there.scan("880000000000000005"),
        there.quote(100),
        there.sell("1", "R-2"),
        there.refund(sold["sale_no"]),
        there.get("/shifts/current"),
        there.get("/sales"),
    ]
    assert {one.get_json()["code"] for one in answers} == {"other_store"}
    there.till = None
    assert there.refund(sold["sale_no"]).get_json()["code"] == "other_store"
    assert everything() == before


@pytest.mark.parametrize("path", ["/scans", "/quotes", "/sales", "/approvals", "/shifts/close"])
def test_nobody_acts_without_a_session(desk: Desk, path: str) -> None:
    answer = desk.client.post(f"/api/v1/pos{path}", json={})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_missing")
    wrong = desk.client.post(
        f"/api/v1/pos{path}", json={}, headers={"Authorization": "Bearer forged"}
    )
    assert (wrong.status_code, wrong.get_json()["code"]) == (401, "token_invalid")


def test_a_page_without_its_proof_sells_nothing(desk: Desk) -> None:
    token = desk.headers["Authorization"].removeprefix("Bearer ")
    desk.client.set_cookie(COOKIE, token)
    answer = desk.client.post("/api/v1/pos/quotes", json={"amount_fen": 100})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "csrf_refused")


def test_a_till_that_locked_itself_answers_no_call(mall: Flask, desk: Desk) -> None:
    token = desk.headers["Authorization"].removeprefix("Bearer ")
    desk.client.set_cookie(COOKIE, token)
    proof = {CSRF_HEADER: desk.client.get("/pos/session").get_json()["csrf_token"]}
    clock.advance(timedelta(minutes=6))
    before = everything()
    rules = [rule for rule in mall.url_map.iter_rules() if rule.rule.startswith("/api/v1/pos")]
    calls = [
        (verb, re.sub("<[^>]+>", "1", re.sub("<no:[^>]+>", "P0000", rule.rule)))
        for rule in rules
        for verb in sorted((rule.methods or set()) & {"GET", "POST"})
    ]
    assert len(calls) > 15
    for verb, path in calls:
        answer = desk.client.open(path, method=verb, json={}, headers=proof)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "session_locked"), path
    assert everything() == before
