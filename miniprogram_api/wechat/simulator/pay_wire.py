"""How WeChat Pay signs and seals, written from its description. Pure functions.

A signature is RSA with SHA-256 over lines, each of which ends with a line feed. What is secret in a
notification is sealed with AES-256-GCM under the APIv3 key, the tag at the end.
"""

import base64
import binascii
import re
import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
"""How the signature begins that WeChat Pay sends to see whether it is refused."""

_PARTS = frozenset({"mchid", "serial_no", "nonce_str", "timestamp", "signature"})
_PART = re.compile(r'\s*([a-z_]+)="([^"]*)"\s*')


def signature(key: RSAPrivateKey, *lines: str) -> str:
    """The signature over the lines, in base64."""
    signed = key.sign(_text(lines), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signed).decode()


def is_signed(key: RSAPublicKey, given: str, *lines: str) -> bool:
    """Whether the signature is over these lines and by that key."""
    try:
        key.verify(
            base64.b64decode(given, validate=True),
            _text(lines),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _text(lines: tuple[str, ...]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def authorization(header: str) -> dict[str, str] | None:
    """The parts of an Authorization header, None where it is none of ours or a part is missing."""
    scheme, _, rest = header.partition(" ")
    found = [_PART.fullmatch(part) for part in rest.split(",")]
    if scheme != SCHEME or None in found:
        return None
    parts = {match[1]: match[2] for match in found if match}
    return parts if len(found) == len(parts) and set(parts) == _PARTS else None


def sealed(apiv3_key: str, plain: str, associated_data: str) -> dict[str, str]:
    """A text under the APIv3 key, with what is needed to open it."""
    nonce = secrets.token_hex(6)  # twelve characters
    box = AESGCM(apiv3_key.encode()).encrypt(
        nonce.encode(), plain.encode(), associated_data.encode()
    )
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(box).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }


def signed_headers(key: RSAPrivateKey, serial: str, body: str, timestamp: int) -> dict[str, str]:
    """The headers that vouch for a body, of an answer or of a notification."""
    nonce = secrets.token_urlsafe(24)
    return {
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": signature(key, str(timestamp), nonce, body),
        "Wechatpay-Signature-Type": SCHEME,
    }
