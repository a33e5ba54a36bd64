"""Signing in to the pages: the cookie, the two steps, where it leads, what it refuses."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.crypto import seal
from miniprogram_api.staff import pages, sessions
from miniprogram_api.staff.guards import COOKIE

from .conftest import PASSWORD, Door, with_second_factor

READS_HTML = {"Accept": "text/html"}


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie(COOKIE)
    return cookie.value if cookie is not None else ""


def csrf(client: FlaskClient) -> dict[str, str]:
    return {"csrf_token": sessions.csrf_of(cookie_of(client))}


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found.group(1)


def test_the_cookie_is_for_our_own_pages_only(client: FlaskClient, chen: str) -> None:
    answer = client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    line = answer.headers["Set-Cookie"]
    assert "HttpOnly" in line
    assert "SameSite=Strict" in line
    assert "Path=/" in line
    assert "Max-Age=43200" in line
    assert "Secure" not in line
    assert sessions.present(cookie_of(client)) is not None


def test_a_page_without_a_session_is_the_sign_in_and_leads_back(
    client: FlaskClient, chen: str
) -> None:
    asked = client.get("/staff/second-factor?next=/docs", headers=READS_HTML)
    assert asked.status_code == 401
    next_page = field(asked.text, "next").replace("&amp;", "&")
    assert next_page == "/staff/second-factor?next=/docs"
    answer = client.post(
        "/staff/sign-in", data={"username": chen, "password": PASSWORD, "next": next_page}
    )
    assert answer.headers["Location"] == "/staff/second-factor?next=/docs"


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/pos", "/pos"),
        ("/pos?lang=en", "/pos?lang=en"),
        ("", "/"),
        ("pos", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/pos", "/"),
        ("javascript:alert(1)", "/"),
        ("/pos\r\nSet-Cookie: a=b", "/"),
        ("/staff/sign-out", "/"),
        ("/api/v1/staff/me", "/"),
    ],
)
def test_nobody_is_led_out_of_the_house(asked: str, led_to: str) -> None:
    assert pages.local_page(asked) == led_to


@pytest.mark.parametrize(
    ("referrer", "led_to"),
    [
        ("http://localhost/staff/second-factor?next=/docs", "/staff/second-factor?next=/docs"),
        ("https://evil.example/staff/second-factor", "/"),
        ("http://localhost/staff/sign-out", "/"),
        ("", "/"),
    ],
)
def test_a_form_without_a_session_leads_back_to_the_page_it_stood_on(
    client: FlaskClient, chen: str, referrer: str, led_to: str
) -> None:
    sent = client.post(
        "/staff/second-factor", data={"otp": "1"}, headers={**READS_HTML, "Referer": referrer}
    )
    assert sent.status_code == 401
    assert field(sent.text, "next").replace("&amp;", "&") == led_to


def test_a_wrong_password_opens_nothing(client: FlaskClient, chen: str) -> None:
    answer = client.post("/staff/sign-in", data={"username": chen, "password": "wrong"})
    assert answer.status_code == 401
    assert "用户名、密码或动态码不正确" in answer.text
    assert "wrong" not in answer.text
    assert cookie_of(client) == ""


def test_five_wrong_passwords_lock_the_account_on_the_page_too(
    client: FlaskClient, chen: str
) -> None:
    for _attempt in range(5):
        client.post("/staff/sign-in", data={"username": chen, "password": "wrong"})
    answer = client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    assert answer.status_code == 429
    assert "账号已暂时锁定" in answer.text
    assert cookie_of(client) == ""


def test_the_second_step_carries_no_password(client: FlaskClient, chen: str) -> None:
    totp = with_second_factor(chen)
    first = client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    assert first.status_code == 200
    assert PASSWORD not in first.text
    assert cookie_of(client) == ""

    clock.advance(timedelta(seconds=30))
    ticket = field(first.text, "ticket")
    code = totp.at(now())
    second = client.post("/staff/sign-in", data={"ticket": ticket, "otp": f"{code[:3]} {code[3:]}"})
    assert second.status_code == 303
    assert sessions.present(cookie_of(client)) is not None


def test_a_wrong_code_begins_anew(client: FlaskClient, chen: str) -> None:
    with_second_factor(chen)
    first = client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    second = client.post(
        "/staff/sign-in", data={"ticket": field(first.text, "ticket"), "otp": "000000"}
    )
    assert second.status_code == 401
    assert 'name="password"' in second.text
    assert cookie_of(client) == ""


def test_a_ticket_is_good_for_three_minutes_and_for_nothing_else(
    client: FlaskClient, chen: str
) -> None:
    totp = with_second_factor(chen)
    first = client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    clock.advance(timedelta(minutes=3, seconds=1))
    late = {"ticket": field(first.text, "ticket"), "otp": totp.at(now())}
    assert client.post("/staff/sign-in", data=late).status_code == 401
    forged = {"ticket": seal("[9e9,'x','y']", "another.place"), "otp": totp.at(now())}
    assert client.post("/staff/sign-in", data=forged).status_code == 401
    assert client.post("/staff/sign-in", data={"ticket": "x", "otp": "1"}).status_code == 401
    assert cookie_of(client) == ""


def test_a_form_of_another_site_is_refused(client: FlaskClient, chen: str) -> None:
    answer = client.post(
        "/staff/sign-in",
        data={"username": chen, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert cookie_of(client) == ""


def test_signing_in_again_ends_the_session_before(client: FlaskClient, chen: str) -> None:
    form = {"username": chen, "password": PASSWORD}
    client.post("/staff/sign-in", data=form)
    before = cookie_of(client)
    client.post("/staff/sign-in", data=form)
    assert sessions.present(before) is None
    assert sessions.present(cookie_of(client)) is not None


def test_signing_out_needs_the_pages_own_proof(client: FlaskClient, chen: str) -> None:
    client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    token = cookie_of(client)
    assert client.post("/staff/sign-out").status_code == 403
    assert sessions.present(token) is not None

    answer = client.post("/staff/sign-out", data=csrf(client))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/staff/sign-in"
    assert sessions.present(token) is None
    assert cookie_of(client) == ""


def test_a_second_factor_is_set_up_by_its_first_code(
    client: FlaskClient, chen: str, door: Door
) -> None:
    client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    page = client.get("/staff/second-factor?next=/docs").text
    assert "<svg" in page
    missed = client.post(
        "/staff/second-factor",
        data={**csrf(client), "secret": field(page, "secret"), "otp": "000000", "next": "/docs"},
    )
    assert missed.status_code == 422
    assert door.sign_in(chen).status_code == 201


def test_a_form_field_that_is_no_secret_is_no_mistake_of_ours(
    client: FlaskClient, chen: str
) -> None:
    client.post("/staff/sign-in", data={"username": chen, "password": PASSWORD})
    answer = client.post(
        "/staff/second-factor", data={**csrf(client), "secret": "not base32!", "otp": "123456"}
    )
    assert answer.status_code == 422


class TestWhereASecondFactorIsDemanded:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"STAFF_SECOND_FACTOR_FROM": "owner"}

    def test_the_sign_in_leads_to_setting_it_up(self, client: FlaskClient, wang: str) -> None:
        form = {"username": wang, "password": PASSWORD, "next": "/pos"}
        answer = client.post("/staff/sign-in", data=form)
        assert answer.headers["Location"] == "/staff/second-factor?next=/pos"
        asked = client.get("/pos", headers=READS_HTML)
        assert asked.status_code == 403
        assert "/staff/second-factor?next=/pos" in asked.text


class TestInProduction:
    def test_the_cookie_travels_over_tls_only(
        self, app: Flask, chen: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            type(app.extensions["settings"]), "is_production", property(lambda _: True)
        )
        answer = app.test_client().post(
            "/staff/sign-in", data={"username": chen, "password": PASSWORD}
        )
        assert "Secure" in answer.headers["Set-Cookie"]
