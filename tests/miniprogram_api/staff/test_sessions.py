"""What a session opens, for how long, and how it ends."""

import dataclasses
from datetime import timedelta

from flask import Flask, Response, jsonify

from miniprogram_api.core.clock import clock
from miniprogram_api.staff import sessions
from miniprogram_api.staff.guards import COOKIE, CSRF_HEADER, for_staff
from tests.builders import bearer, enrolled_member, shanghai

from .conftest import Door

ME = "/api/v1/staff/me"


def test_a_session_is_over_after_its_hours_and_after_idleness(door: Door, chen: str) -> None:
    clock.set(shanghai("2026-11-21 09:00"))
    token = door.token(chen)
    for _ in range(11):
        clock.advance(timedelta(minutes=65))
        assert door.client.get(ME, headers=token).status_code == 200
    clock.advance(timedelta(minutes=65))
    assert door.client.get(ME, headers=token).get_json()["code"] == "token_invalid"
    clock.set(shanghai("2026-11-22 09:00"))
    token = door.token(chen)
    clock.advance(timedelta(minutes=121))
    assert door.client.get(ME, headers=token).get_json()["code"] == "token_invalid"


def test_signing_out_ends_this_session_only(door: Door, chen: str) -> None:
    till, office = door.token(chen), door.token(chen)
    assert door.client.delete("/api/v1/staff/sessions/current", headers=till).status_code == 204
    assert door.client.get(ME, headers=till).status_code == 401
    assert door.client.get(ME, headers=office).status_code == 200


def test_one_sees_and_ends_ones_own_sessions_only(door: Door, chen: str, wang: str) -> None:
    mine, others = door.token(chen), door.token(wang)
    listed = door.client.get("/api/v1/staff/sessions", headers=mine).get_json()["items"]
    assert len(listed) == 1
    ended = door.client.delete(f"/api/v1/staff/sessions/{listed[0]['id']}", headers=others)
    assert ended.status_code == 404
    assert door.client.get(ME, headers=mine).status_code == 200
    assert (
        door.client.delete(f"/api/v1/staff/sessions/{listed[0]['id']}", headers=mine).status_code
        == 204
    )
    assert door.client.get(ME, headers=mine).status_code == 401


def test_a_members_token_opens_nothing_here_and_staffs_nothing_there(door: Door, chen: str) -> None:
    member = bearer(enrolled_member())
    assert door.client.get(ME, headers=member).get_json()["code"] == "token_invalid"
    answer = door.client.get("/api/v1/points", headers=door.token(chen))
    assert answer.get_json()["code"] == "token_invalid"


def test_a_page_proves_itself_with_every_writing_call(door: Door, chen: str) -> None:
    token = door.sign_in(chen).get_json()["access_token"]
    door.client.set_cookie(COOKIE, token)
    assert door.client.get(ME).status_code == 200
    refused = door.client.post("/api/v1/staff/second-factor")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "csrf_refused")
    wrong = {CSRF_HEADER: sessions.csrf_of("another token")}
    assert door.client.post("/api/v1/staff/second-factor", headers=wrong).status_code == 403
    proof = {CSRF_HEADER: sessions.csrf_of(token)}
    begun = door.client.post("/api/v1/staff/second-factor", headers=proof)
    assert begun.get_json()["address"].startswith("otpauth://totp/")


def test_a_role_opens_its_own_doors_and_those_below(
    app: Flask, door: Door, chen: str, wang: str
) -> None:
    def view() -> Response:
        return jsonify(done=True)

    app.add_url_rule("/manage", view_func=for_staff("manager")(view))
    low = door.client.get("/manage", headers=door.token(chen))
    assert (low.status_code, low.get_json()["code"]) == (403, "role_too_low")
    assert (low.get_json()["required"], low.get_json()["yours"]) == ("manager", "cashier")
    assert door.client.get("/manage", headers=door.token(wang)).get_json() == {"done": True}
    assert door.client.get("/manage").get_json()["code"] == "token_missing"


def test_a_demanded_second_factor_comes_before_all_else(app: Flask, door: Door, wang: str) -> None:
    def view() -> Response:
        return jsonify(done=True)

    app.add_url_rule("/own", view_func=for_staff("owner")(view))
    token = door.token(wang)
    app.extensions["settings"] = dataclasses.replace(
        app.extensions["settings"], staff_second_factor_from="manager"
    )
    assert door.client.get("/own", headers=token).get_json()["code"] == "second_factor_needed"
    assert door.client.get(ME, headers=token).status_code == 200
