"""A till's page that stands idle: the server locks its session until the PIN or the password is given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db
from miniprogram_api.staff import accounts
from miniprogram_api.staff.errors import PinTooWeak
from miniprogram_api.staff.models import Staff, StaffAct
from miniprogram_api.staff.pins import check_strength
from tests.builders import shanghai

from .conftest import PASSWORD, Door, with_second_factor

PIN = "730518"
MINUTES = timedelta(minutes=1)


@dataclass
class TillPage:
    """A browser that is signed in by its cookie, with the till's page open."""

    client: FlaskClient
    proof: dict[str, str]

    def get(self, path: str = "/api/v1/pos/tills/current") -> TestResponse:
        return self.client.get(path)

    def unlock(self, **given: str) -> TestResponse:
        address = "/api/v1/staff/sessions/current/unlock"
        return self.client.post(address, json=given, headers=self.proof)

    def session(self) -> Any:
        return self.client.get("/pos/session").get_json()

    def is_locked(self) -> bool:
        """Whether an ordinary call is refused."""
        answer = self.get()
        assert answer.status_code in {200, 403}, answer.text
        return answer.status_code == 403


@pytest.fixture
def open_till(app: Flask) -> Callable[..., TillPage]:
    """Sign in by the form and open the till's page."""
    clock.set(shanghai("2026-11-21 10:00"))

    def opened(username: str, *, at_till: bool = True) -> TillPage:
        client = app.test_client()
        client.post("/staff/sign-in", data={"username": username, "password": PASSWORD})
        page = TillPage(client, {})
        if at_till:
            page.proof = {"X-CSRF-Token": page.session()["csrf_token"]}
        return page

    return opened


@pytest.fixture
def page(open_till: Callable[..., TillPage], chen: str) -> TillPage:
    accounts.set_pin(chen, PIN)
    return open_till(chen)


def test_after_five_idle_minutes_nothing_is_told_or_done(app: Flask, page: TillPage) -> None:
    clock.advance(5 * MINUTES)
    assert not page.is_locked()
    clock.advance(5 * MINUTES + timedelta(seconds=1))
    for path in ("/api/v1/pos/tills/current", "/api/v1/staff/me", "/api/v1/staff/sessions"):
        answer = page.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "session_locked"), path
    assert (
        page.get("/pos").status_code == 200
    )  # it says nothing about anybody, and asks for the PIN
    assert page.session()["lock"] == {"is_locked": True, "has_pin": True, "after_seconds": 300}


def test_asking_again_and_again_does_not_open_it(page: TillPage) -> None:
    clock.advance(6 * MINUTES)
    for _ in range(5):
        assert page.is_locked()
        clock.advance(timedelta(seconds=20))
    assert page.session()["lock"]["is_locked"]


def test_whoever_works_is_not_asked(page: TillPage) -> None:
    for _ in range(20):
        clock.advance(timedelta(minutes=4, seconds=44))
        assert not page.is_locked()


def test_the_pin_or_the_password_opens_it_and_it_is_an_act(page: TillPage) -> None:
    clock.advance(6 * MINUTES)
    assert page.unlock(pin=PIN).status_code == 204
    assert not page.is_locked()
    clock.advance(6 * MINUTES)
    assert page.is_locked()
    assert page.unlock(password=PASSWORD).status_code == 204
    assert not page.is_locked()
    acts = db.session.scalars(sa.select(StaffAct.actor).filter_by(act="staff.unlock_session"))
    assert list(acts) == ["staff:chen", "staff:chen"]


def test_guesses_count_like_sign_ins_and_lock_the_account(page: TillPage, door: Door) -> None:
    clock.advance(6 * MINUTES)
    guesses = [page.unlock(pin=f"90210{digit}") for digit in range(3)]
    guesses += [page.unlock(password="not the password"), door.sign_in("chen", "wrong again")]
    assert {(one.status_code, one.get_json()["code"]) for one in guesses} == {
        (401, "sign_in_refused")
    }
    locked = page.unlock(pin=PIN)
    assert (locked.status_code, locked.get_json()["code"]) == (429, "staff_locked")
    assert locked.headers["Retry-After"] == "900"
    assert page.is_locked()
    clock.advance(15 * MINUTES + timedelta(seconds=1))
    assert page.unlock(pin=PIN).status_code == 204


@pytest.fixture
def slowly(app_settings: dict[str, object]) -> None:
    app_settings["STAFF_SIGN_INS_PER_MINUTE"] = 3


@pytest.mark.usefixtures("slowly")
def test_guesses_are_paced_by_address(page: TillPage) -> None:
    clock.advance(6 * MINUTES)
    assert [page.unlock(pin=PIN).status_code for _ in range(2)] == [204, 204]
    paced = page.unlock(pin=PIN)  # the sign-in was the first of three
    assert (paced.status_code, paced.get_json()["code"]) == (429, "slow_down")


def test_the_lock_is_the_sessions_however_its_token_is_shown(page: TillPage) -> None:
    cookie = page.client.get_cookie("staff_session")
    assert cookie is not None
    clock.advance(6 * MINUTES)
    bearer = {"Authorization": f"Bearer {cookie.value}"}
    answer = page.client.get("/api/v1/staff/me", headers=bearer)
    assert answer.get_json()["code"] == "session_locked"


def test_a_page_without_its_proof_is_not_opened(page: TillPage) -> None:
    clock.advance(6 * MINUTES)
    page.proof = {}
    assert page.unlock(pin=PIN).get_json()["code"] == "csrf_refused"


def test_programs_and_offices_that_opened_no_till_are_not_asked(
    app: Flask, door: Door, chen: str, open_till: Callable[..., TillPage]
) -> None:
    token, office = door.token(chen), open_till(chen, at_till=False)
    clock.advance(60 * MINUTES)
    assert door.client.get("/api/v1/staff/me", headers=token).status_code == 200
    assert office.get("/api/v1/staff/me").status_code == 200


def test_who_signs_out_of_a_locked_till_is_gone(page: TillPage) -> None:
    clock.advance(6 * MINUTES)
    assert page.client.post("/staff/sign-out", headers=page.proof).status_code == 303
    assert page.get().get_json()["code"] in {"token_missing", "token_invalid"}


def test_a_merchants_page_in_a_locked_session_asks_and_leads_on(
    page: TillPage, open_till: Callable[..., TillPage], wang: str
) -> None:
    office = open_till(wang)
    clock.advance(6 * MINUTES)
    asked = office.client.get("/admin/members?q=x", headers={"Accept": "text/html"})
    assert asked.status_code == 403
    assert 'action="/staff/unlock"' in asked.text
    assert 'value="/admin/members?q=x"' in asked.text
    fragment = office.client.get("/admin/members", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Refresh"]) == (403, "true")
    form = {
        "secret": "wrong",
        "next": "/admin/members",
        "csrf_token": office.proof["X-CSRF-Token"],
    }
    wrong = office.client.post("/staff/unlock", data=form)
    assert (wrong.status_code, "不正确" in wrong.text) == (401, True)
    done = office.client.post("/staff/unlock", data={**form, "secret": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (303, "/admin/members")
    assert office.client.get("/admin/members").status_code == 200


@pytest.fixture
def never_locks(app_settings: dict[str, object]) -> None:
    app_settings["STAFF_TILL_IDLE_MINUTES"] = 0


@pytest.mark.usefixtures("never_locks")
def test_a_shop_can_do_without(page: TillPage) -> None:
    clock.advance(60 * MINUTES)
    assert not page.is_locked()
    assert page.session()["lock"]["after_seconds"] == 0


# ------------------------------------------------------------------ the PIN


def set_pin(door: Door, username: str, **given: str) -> TestResponse:
    body = {"pin": PIN, "password": PASSWORD, **given}
    return door.client.put("/api/v1/staff/pin", json=body, headers=door.token(username))


def has_pin(username: str) -> bool:
    db.session.rollback()
    kept = db.session.scalar(sa.select(Staff.pin_hash).filter_by(username=username))
    return kept is not None


def test_the_password_proves_who_sets_a_pin(door: Door, chen: str) -> None:
    refused = set_pin(door, chen, password="not the password")
    assert (refused.status_code, refused.get_json()["code"]) == (401, "sign_in_refused")
    assert not has_pin(chen)
    assert set_pin(door, chen).status_code == 204
    kept = db.session.scalar(sa.select(Staff.pin_hash).filter_by(username=chen))
    assert kept is not None
    assert kept.startswith("$argon2id$")


def test_with_a_second_factor_its_code_is_needed_as_well(door: Door, chen: str) -> None:
    token = door.token(chen)
    totp = with_second_factor(chen)
    body = {"pin": PIN, "password": PASSWORD}
    asked = door.client.put("/api/v1/staff/pin", json=body, headers=token)
    assert asked.get_json()["code"] == "otp_required"
    clock.advance(timedelta(seconds=30))
    body["otp"] = totp.at(clock.now())
    assert door.client.put("/api/v1/staff/pin", json=body, headers=token).status_code == 204


@pytest.mark.parametrize(
    "pin",
    ["111111", "123456", "456789", "987654", "121212", "907907", "12345", "1234567", "12a456"],
)
def test_what_is_guessed_first_is_no_pin(door: Door, chen: str, pin: str) -> None:
    with pytest.raises(PinTooWeak):
        check_strength(pin)
    assert set_pin(door, chen, pin=pin).status_code == 422
    assert not has_pin(chen)


def test_a_pin_signs_nobody_in_and_goes_with_the_password(door: Door, chen: str) -> None:
    accounts.set_pin(chen, PIN)
    assert door.sign_in(chen, PIN).status_code == 401
    accounts.set_password(chen, "four green umbrellas")
    assert not has_pin(chen)
