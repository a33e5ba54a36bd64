"""People who work in the shop, and how they call."""

from dataclasses import dataclass

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.clock import now
from miniprogram_api.staff import accounts

PASSWORD = "three blue umbrellas"


@dataclass
class Door:
    """Where staff sign in."""

    client: FlaskClient

    def sign_in(
        self, username: str, password: str = PASSWORD, otp: str | None = None
    ) -> TestResponse:
        body = {"username": username, "password": password}
        return self.client.post("/api/v1/staff/sessions", json=body | ({"otp": otp} if otp else {}))

    def token(self, username: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.sign_in(username).get_json()['access_token']}"}


@pytest.fixture
def door(app: Flask) -> Door:
    return Door(app.test_client())


@pytest.fixture
def chen(app: Flask) -> str:
    accounts.add("chen", PASSWORD, "cashier", name="小陈")
    return "chen"


@pytest.fixture
def wang(app: Flask) -> str:
    accounts.add("wang", PASSWORD, "owner", name="王老板")
    return "wang"


def with_second_factor(username: str) -> pyotp.TOTP:
    """Turn it on, and give the authenticator."""
    secret, _address = accounts.begin_second_factor(username)
    totp = pyotp.TOTP(secret)
    accounts.confirm_second_factor(username, secret, totp.at(now()))
    return totp
