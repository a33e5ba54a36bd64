"""The key of a till's device, and what it signed. Pure.

The browser holds a P-256 key that cannot be taken out of it; we know its public half. Signatures are
ECDSA with SHA-256 over the canonical JSON, as WebCrypto makes them: r and s, 32 bytes each.
"""

import base64
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from miniprogram_api.core.db import canonical_json

from .errors import DeviceKeyInvalid

SIDE = 32


def checked_key(text: str) -> str:
    """A public key in the one spelling that is kept: SPKI, base64.

    :raises DeviceKeyInvalid: it is no P-256 public key.
    """
    key = _key(text)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def is_signed(facts: Mapping[str, object], signature: str, public_key: str) -> bool:
    """Whether the device of that key has signed these facts."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    if len(raw) != 2 * SIDE:
        return False
    r, s = int.from_bytes(raw[:SIDE]), int.from_bytes(raw[SIDE:])
    told = canonical_json(dict(facts)).encode()
    try:
        _key(public_key).verify(encode_dss_signature(r, s), told, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _key(text: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise DeviceKeyInvalid("not a public key in SPKI form, base64") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise DeviceKeyInvalid("not a key of the curve P-256")
    return key
