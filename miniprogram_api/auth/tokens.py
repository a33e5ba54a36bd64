"""Access tokens: what a guard needs to know, signed. Verified with no look at any store."""

import hashlib
from typing import NamedTuple, cast

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer

from miniprogram_api.core.clock import now
from miniprogram_api.core.settings import SettingsError, settings

from .errors import TokenExpired, TokenInvalid

LONGEST = 512
MEMBER = "member"


class AccessToken(NamedTuple):
    """What a token says. Moments are milliseconds since 1970, UTC."""

    member_id: int
    session_id: int
    issued_at_ms: int
    expires_at_ms: int


def sign(token: AccessToken, purpose: str = MEMBER) -> str:
    """The token as text, signed with the newest key for one purpose and this mini-program."""
    return _serializer(purpose).dumps(token)


def verify(text: str, purpose: str = MEMBER) -> AccessToken:
    """What a token says, if we signed it, with any of our keys, for the same purpose.

    :raises TokenInvalid: it is not ours.
    :raises TokenExpired: it was.
    """
    if len(text) > LONGEST or not text.isascii():
        raise TokenInvalid("the access token is not one of ours")
    try:
        token = AccessToken(*_serializer(purpose).loads(text))
    except BadData:
        raise TokenInvalid("the access token is not one of ours") from None
    if token.expires_at_ms <= now().timestamp() * 1000:
        raise TokenExpired("the access token has expired")
    return token


def _serializer(purpose: str) -> URLSafeSerializer:
    kept = cast(
        dict[str, URLSafeSerializer],
        current_app.extensions.setdefault("token_serializers", {}),
    )
    if purpose not in kept:
        kept[purpose] = _new_serializer(purpose)
    return kept[purpose]


def _new_serializer(purpose: str) -> URLSafeSerializer:
    keys = settings().signing_keys
    if not keys:
        raise SettingsError("SECRET_KEYS: sessions need a signing key")
    return URLSafeSerializer(
        keys[::-1],  # itsdangerous signs with the last one
        salt=f"access-token:{purpose}:{settings().wx_appid}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
