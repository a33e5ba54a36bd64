"""Personal fields at rest: AES-256-GCM per value, and a keyed hash to look them up.

A value is bound to its place (`table.column:row`), so that one row's ciphertext put into another
does not decrypt. The key's id travels with the value, so keys can be rotated.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .settings import SettingsError, settings

NONCE_BYTES = 12
KEY_BYTES = 32


class Undecipherable(Exception):
    """The stored value was not written by us for this place, or its key is gone."""


def seal(plain: str, place: str) -> str:
    """Encrypt `plain` with the newest key, bound to `place`."""
    key_id, key = next(iter(_field_keys().items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), place.encode())
    return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(stored: str, place: str) -> str:
    """Decrypt what `seal` wrote for the same place.

    :raises Undecipherable: another place, another key, or a changed value.
    """
    key_id, _, text = stored.partition(":")
    try:
        raw = base64.b64decode(text, validate=True)
        key = _field_keys()[key_id]
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
    except (KeyError, ValueError, InvalidTag):
        raise Undecipherable(place) from None


def sealed_with_newest(stored: str) -> bool:
    """Whether a stored value needs no new encryption after a change of keys."""
    return stored.partition(":")[0] == next(iter(_field_keys()))


def blind_index(value: str, purpose: str) -> str:
    """A keyed hash that finds equal values without revealing them (HMAC-SHA256, hex)."""
    key = _decoded(settings().index_key, "INDEX_KEY")
    return hmac.new(key, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()


def new_key() -> str:
    """A fresh key in the form that the settings take: base64 of 32 random bytes."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


FRESH_KEYS: Mapping[str, Callable[[], str]] = {
    "secret_keys": lambda: secrets.token_urlsafe(48),
    "field_keys": lambda: f"k1:{new_key()}",
    "index_key": new_key,
    "metrics_token": lambda: secrets.token_urlsafe(24),
}
"""How the keys of a new installation are made, by setting."""


def _field_keys() -> Mapping[str, bytes]:
    """The keys by id, newest first."""
    keys = {}
    for item in settings().field_keys.split(","):
        key_id, _, text = item.strip().partition(":")
        keys[key_id] = _decoded(text, "FIELD_KEYS")
    return keys


def _decoded(text: str, name: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{name}: keys are base64 of {KEY_BYTES} bytes")
    return key
