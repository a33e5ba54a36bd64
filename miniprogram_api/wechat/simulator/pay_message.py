"""A payment notice as it goes over the wire: sealed, signed, or spoilt on demand."""

import base64
import json
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from .pay_keys import new_serial
from .pay_wire import PROBE, sealed, signed_headers
from .pay_world import Notice, PayWorld, moment

STALE_SECONDS = 6 * 3600


def wire_time(pay: PayWorld) -> int:
    """The time of signatures. The world's clock may be set; that of a wire may only be wrong."""
    return int(time.time() + pay.skew_seconds)


def signer(pay: PayWorld, wanted: str = "") -> tuple[RSAPrivateKey, str]:
    """The key that signs and its serial; `wanted` is the serial that the merchant asks for."""
    in_both = pay.mode == "both" and wanted != pay.keys.public_key_id
    if pay.mode == "certificate" or in_both:
        return pay.certificate().key, pay.certificate().serial
    return pay.keys.own_key, pay.keys.public_key_id


def message(pay: PayWorld, notice: Notice, spoilt: str = "") -> tuple[dict[str, str], bytes]:
    """The headers and the body of a notice.

    :param spoilt: the kind of a fault (`notice_stale` and its like) that it is to have.
    """
    key = secrets.token_hex(16) if spoilt == "notice_wrong_key" else pay.keys.apiv3_key
    plain = json.dumps(notice.resource, ensure_ascii=False)
    envelope = {
        "id": notice.notice_id,
        "create_time": moment(notice.created_at),
        "resource_type": "encrypt-resource",
        "event_type": notice.event_type,
        "summary": notice.summary,
        "resource": {
            "original_type": notice.original_type,
            **sealed(key, plain, notice.original_type),
        },
    }
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    at = wire_time(pay) - (STALE_SECONDS if spoilt == "notice_stale" else 0)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Mozilla/4.0",
        "Request-ID": secrets.token_hex(16),
        **signed_headers(*signer(pay), body, at),
    }
    if spoilt == "notice_tampered":
        body = body.replace('"summary":"', '"summary":"!')
    return spoil_headers(headers, spoilt), body.encode()


def spoil_headers(headers: dict[str, str], spoilt: str) -> dict[str, str]:
    """The headers with one thing wrong, after the last word of the fault's kind."""
    fault = spoilt.removeprefix("notice_").removeprefix("answer_")
    wrong = {
        "signtest": {"Wechatpay-Signature": PROBE + _noise(180)},
        "bad_signature": {"Wechatpay-Signature": _noise(256)},
        "unknown_serial": {"Wechatpay-Serial": new_serial()},
        "odd_serial": {"Wechatpay-Serial": "not-a-serial"},
    }.get(fault, {})
    gone = {
        "missing_type": ("Wechatpay-Signature-Type",),
        "no_serial": ("Wechatpay-Serial",),
        "unsigned": tuple(name for name in headers if name.startswith("Wechatpay-")),
    }.get(fault, ())
    return {name: value for name, value in (headers | wrong).items() if name not in gone}


def _noise(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()
