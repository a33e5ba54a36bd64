"""Who may sign in, and what wrong attempts lead to."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.staff import accounts, passwords, second_factor
from miniprogram_api.staff.errors import (
    LastOwner,
    PasswordTooWeak,
    SignInRefused,
)
from miniprogram_api.staff.models import Staff, StaffAct, StaffSession
from tests.builders import shanghai

from .conftest import PASSWORD, Door, with_second_factor

ME = "/api/v1/staff/me"


def acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(StaffAct.act).order_by(StaffAct.id)))


def test_a_cashier_signs_in_and_is_known(door: Door, chen: str) -> None:
    answer = door.sign_in(chen)
    assert answer.status_code == 201
    told = answer.get_json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 12 * 3600
    assert told["staff"] == {
        "username": "chen",
        "name": "小陈",
        "role": "cashier",
        "store": None,
        "has_second_factor": False,
    }
    token = {"Authorization": f"Bearer {told['access_token']}"}
    assert door.client.get(ME, headers=token).get_json() == told["staff"]
    assert acts() == ["staff.add", "staff.sign_in"]


def test_the_user_name_is_taken_in_any_case(door: Door, chen: str) -> None:
    assert door.sign_in(" Chen").status_code == 201


@pytest.mark.parametrize(
    ("username", "password"), [("chen", "three red umbrellas"), ("nobody", PASSWORD)]
)
def test_what_was_wrong_is_not_told(door: Door, chen: str, username: str, password: str) -> None:
    answer = door.sign_in(username, password)
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "sign_in_refused"
    assert answer.get_json()["title"] == "用户名、密码或动态码不正确"
    assert db.session.scalar(sa.select(sa.func.count(StaffSession.id))) == 0


def test_five_wrong_attempts_lock_and_time_opens(door: Door, chen: str) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    for _ in range(5):
        assert door.sign_in(chen, "a wrong password").status_code == 401
    locked = door.sign_in(chen)
    assert locked.status_code == 429
    assert locked.get_json()["code"] == "staff_locked"
    assert locked.headers["Retry-After"] == "900"
    clock.advance(timedelta(minutes=15, seconds=1))
    assert door.sign_in(chen).status_code == 201
    assert acts() == ["staff.add", "staff.locked", "staff.sign_in"]


def test_a_right_attempt_forgives_the_wrong_ones(door: Door, chen: str) -> None:
    for _ in range(4):
        door.sign_in(chen, "a wrong password")
    assert door.sign_in(chen).status_code == 201
    for _ in range(4):
        assert door.sign_in(chen, "a wrong password").status_code == 401
    assert door.sign_in(chen).status_code == 201


def test_a_manager_opens_a_locked_account(door: Door, chen: str) -> None:
    for _ in range(5):
        door.sign_in(chen, "a wrong password")
    accounts.unlock(chen)
    assert door.sign_in(chen).status_code == 201


@pytest.mark.parametrize("app_settings", [{"STAFF_SIGN_INS_PER_MINUTE": 3}])
def test_one_address_is_slowed_down(door: Door, chen: str) -> None:
    words = [door.sign_in("somebody", "a wrong password").get_json()["code"] for _ in range(5)]
    assert words == ["sign_in_refused"] * 3 + ["slow_down"] * 2


def test_the_second_factor_is_asked_for_after_the_password(door: Door, chen: str) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    totp = with_second_factor(chen)
    clock.advance(timedelta(minutes=1))
    assert door.sign_in(chen).get_json()["code"] == "otp_required"
    assert door.sign_in(chen, "a wrong password").get_json()["code"] == "sign_in_refused"
    assert door.sign_in(chen, otp="000000").get_json()["code"] == "sign_in_refused"
    assert door.sign_in(chen, otp=totp.at(now())).status_code == 201


def test_a_one_time_code_is_taken_once(door: Door, chen: str) -> None:
    clock.set(shanghai("2026-11-21 10:00"))
    totp = with_second_factor(chen)
    clock.advance(timedelta(minutes=1))
    code = totp.at(now())
    assert door.sign_in(chen, otp=code).status_code == 201
    assert door.sign_in(chen, otp=code).get_json()["code"] == "sign_in_refused"


def test_the_secret_of_the_second_factor_is_sealed(chen: str) -> None:
    totp = with_second_factor(chen)
    kept = db.session.scalar(sa.select(Staff.otp_sealed))
    assert kept is not None
    assert totp.secret not in kept


@pytest.mark.parametrize(("secret", "code"), [("", "12345x"), ("no secret at all", "000000")])
def test_a_first_code_of_another_secret_turns_nothing_on(chen: str, secret: str, code: str) -> None:
    made, _address = accounts.begin_second_factor(chen)
    with pytest.raises(SignInRefused):
        accounts.confirm_second_factor(chen, secret or made, code)
    assert db.session.scalar(sa.select(Staff.otp_sealed)) is None


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B, SHA-1: at 59 s the code ends in 287082."""
    clock.set(shanghai("1970-01-01 08:00:59"))
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert second_factor.step_of(secret, "287082", 0) == 1
    assert second_factor.step_of(secret, "287082", 1) is None
    assert second_factor.step_of(secret, "287083", 0) is None


def test_who_has_left_signs_in_no_more(door: Door, chen: str) -> None:
    token = door.token(chen)
    accounts.leave(chen)
    assert door.client.get(ME, headers=token).get_json()["code"] == "token_invalid"
    assert door.sign_in(chen).get_json()["code"] == "sign_in_refused"


def test_a_new_password_ends_the_sessions_of_the_old_one(door: Door, chen: str) -> None:
    token = door.token(chen)
    accounts.set_password(chen, "four green bicycles")
    assert door.client.get(ME, headers=token).status_code == 401
    assert door.sign_in(chen).status_code == 401
    assert door.sign_in(chen, "four green bicycles").status_code == 201


def test_the_last_owner_stays(wang: str) -> None:
    with pytest.raises(LastOwner):
        accounts.leave(wang)
    with pytest.raises(LastOwner):
        accounts.change(wang, role="cashier")
    accounts.add("zhao", PASSWORD, "owner")
    accounts.leave(wang)


@pytest.mark.parametrize(
    "weak", ["short", "1234567890", "aaaaaaaaaaaa", "chen-and-chen", "x" * 129]
)
def test_weak_passwords_are_refused(app: Flask, weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        accounts.add("chen", weak, "cashier")
    assert db.session.scalar(sa.select(sa.func.count(Staff.id))) == 0


def test_passwords_are_kept_as_argon2id(chen: str) -> None:
    kept = db.session.scalars(sa.select(Staff.password_hash)).one()
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits(PASSWORD, kept)
    assert not passwords.fits(PASSWORD, None)
