import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from itsdangerous import URLSafeSerializer

from app import create_app
from miniprogram_api.auth import tokens
from miniprogram_api.auth.errors import TokenExpired, TokenInvalid
from miniprogram_api.auth.tokens import AccessToken, sign, verify
from miniprogram_api.core.clock import clock
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.settings import SettingsError
from tests.conftest import TEST_SETTINGS

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
OLD_KEY = "the key that signed until last week, 0000"
NEW_KEY = "the key that signs from this week on, 001"
TOKEN = AccessToken(7, 42, 1_795_233_600_000, 1_795_240_800_000)


def _app(**settings: object) -> Flask:
    return create_app({**TEST_SETTINGS, "DATABASE_URL": "sqlite://", **settings})


@pytest.fixture
def shop() -> Iterator[Flask]:
    clock.set(NOON)
    app = _app()
    with app.app_context():
        yield app


def _signed_by(app: Flask, purpose: str = tokens.MEMBER) -> str:
    with app.app_context():
        return sign(TOKEN, purpose)


def _refusal(text: str) -> type[DomainError]:
    with pytest.raises(DomainError) as refusal:
        verify(text)
    return type(refusal.value)


def test_a_token_tells_who_signed_in(shop: Flask) -> None:
    assert verify(sign(TOKEN)) == TOKEN


def test_a_token_is_short_enough_for_a_header(shop: Flask) -> None:
    assert len(sign(AccessToken(2**62, 2**62, 10**13, 10**13))) < tokens.LONGEST // 2


def test_a_token_lasts_until_its_last_millisecond(shop: Flask) -> None:
    text = sign(TOKEN)
    clock.set(NOON + timedelta(seconds=7199, milliseconds=999))
    assert verify(text) == TOKEN
    clock.advance(timedelta(milliseconds=1))
    assert _refusal(text) is TokenExpired


def test_an_expired_forgery_is_a_forgery(shop: Flask) -> None:
    text = sign(TOKEN)
    clock.advance(timedelta(days=1))
    assert _refusal(text[:-1] + ("A" if text[-1] != "A" else "B")) is TokenInvalid


def _json64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _forged_with(key: str, salt: str) -> str:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=salt, signer_kwargs=options).dumps(TOKEN)


STRANGE = {
    "empty": "",
    "a word": "token",
    "only a dot": ".",
    "payload without signature": _json64(TOKEN),
    "payload with an empty signature": _json64(TOKEN) + ".",
    "alg none": f"{_json64({'alg': 'none'})}.{_json64({'member_id': 7})}.",
    "a JWT": f"{_json64({'alg': 'HS256'})}.{_json64({'sub': '7'})}.c2lnbmF0dXJl",
    "a foreign key": _forged_with("x" * 40, "access-token:member:wx0000000000000001"),
    "our key, no salt": _forged_with(str(TEST_SETTINGS["SECRET_KEYS"]), ""),
    "an empty key": _forged_with("", "access-token:member:wx0000000000000001"),
    "huge": "A" * 60_000,
    "a zip bomb's outside": "." + "eJw" + "A" * 300,
    "Chinese": "令牌",
    "NUL": "\x00",
    "spaces": "a b c",
    "a lone surrogate": "\ud800",
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_what_we_did_not_sign_is_invalid(shop: Flask, text: str) -> None:
    assert _refusal(text) is TokenInvalid


def test_every_cut_and_every_changed_letter_is_invalid(shop: Flask) -> None:
    text = sign(TOKEN)
    cuts = [text[:length] for length in range(len(text))]
    # The last letter of a base64 text holds bits that say nothing: it may be another.
    changed = [
        text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
        for at in range(len(text) - 1)
    ]
    assert {_refusal(one) for one in [*cuts, *changed]} == {TokenInvalid}


def test_a_token_of_another_mini_program_is_invalid(shop: Flask) -> None:
    assert _refusal(_signed_by(_app(WX_APPID="wx0000000000000002"))) is TokenInvalid


def test_a_token_for_another_purpose_is_invalid(shop: Flask) -> None:
    assert _refusal(_signed_by(shop, purpose="staff")) is TokenInvalid


def test_a_token_of_another_shop_is_invalid(shop: Flask) -> None:
    assert _refusal(_signed_by(_app(SECRET_KEYS=NEW_KEY))) is TokenInvalid


def test_keys_change_without_logging_anybody_out(shop: Flask) -> None:
    before = _signed_by(_app(SECRET_KEYS=OLD_KEY))
    during = _app(SECRET_KEYS=f"{NEW_KEY},{OLD_KEY}")
    with during.app_context():
        assert verify(before) == TOKEN
        signed_now = sign(TOKEN)
    with _app(SECRET_KEYS=NEW_KEY).app_context():
        assert verify(signed_now) == TOKEN
        assert _refusal(before) is TokenInvalid


def test_nobody_signs_without_a_key() -> None:
    with _app(SECRET_KEYS="").app_context(), pytest.raises(SettingsError, match="SECRET_KEYS"):
        sign(TOKEN)
