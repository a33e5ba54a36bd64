"""The keys of WeChat Pay: the merchant's, and WeChat's own of which the merchant knows a half.

They are made once and kept in a folder, from which the merchant takes its part: its private key
(`apiclient_key.pem`), the APIv3 key, and WeChat Pay's public key (`pub_key.pem`).
"""

import datetime as dt
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

MERCHANT_KEY, PUBLIC_KEY, OWN_KEY, FACTS = (
    "apiclient_key.pem",
    "pub_key.pem",
    "wechatpay_key.pem",
    "merchant.json",
)
RSA_BITS = 2048


@dataclass(frozen=True)
class PayKeys:
    """One merchant's keys.

    :param own_key: WeChat Pay's private key, whose public half is known as `public_key_id`.
    """

    mchid: str
    serial: str
    apiv3_key: str
    public_key_id: str
    merchant_key: RSAPrivateKey
    own_key: RSAPrivateKey

    @classmethod
    def fresh(cls) -> "PayKeys":
        """A new merchant's."""
        mchid = "19" + _digits(8)
        today = dt.datetime.now(dt.UTC).strftime("%Y%m%d")
        return cls(
            mchid=mchid,
            serial=new_serial(),
            apiv3_key=secrets.token_hex(16),
            public_key_id=f"PUB_KEY_ID_01{mchid}{today}{_digits(14)}",
            merchant_key=new_key(),
            own_key=new_key(),
        )


@dataclass(frozen=True)
class Certificate:
    """A platform certificate, the older way to know WeChat Pay's signatures."""

    serial: str
    key: RSAPrivateKey
    pem: str
    begins_at: dt.datetime
    ends_at: dt.datetime


def kept_in(folder: Path, make: Callable[[], PayKeys] = PayKeys.fresh) -> PayKeys:
    """The keys of a folder; made and written there at first."""
    if not (folder / FACTS).exists():
        _write(folder, make())
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return PayKeys(
        mchid=facts["mchid"],
        serial=facts["serial"],
        apiv3_key=facts["apiv3_key"],
        public_key_id=facts["public_key_id"],
        merchant_key=_read_key(folder / MERCHANT_KEY),
        own_key=_read_key(folder / OWN_KEY),
    )


def _write(folder: Path, keys: PayKeys) -> None:
    """Write every file for the owner's eyes only; the facts last, as the sign that all is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = {
        "mchid": keys.mchid,
        "serial": keys.serial,
        "apiv3_key": keys.apiv3_key,
        "public_key_id": keys.public_key_id,
    }
    for name, text in (
        (MERCHANT_KEY, private_pem(keys.merchant_key)),
        (OWN_KEY, private_pem(keys.own_key)),
        (PUBLIC_KEY, public_pem(keys.own_key)),
        (FACTS, json.dumps(facts, indent=2) + "\n"),
    ):
        draft = folder / f"{name}.new"
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="ascii")
        draft.replace(folder / name)


def new_key() -> RSAPrivateKey:
    """A new RSA key."""
    return generate_private_key(65537, RSA_BITS)


def new_serial() -> str:
    """A certificate's serial number: 40 hexadecimal digits, in capitals."""
    return f"{0x40 + secrets.randbelow(0x30):02X}" + secrets.token_hex(19).upper()


def new_certificate(now: float) -> Certificate:
    """A platform certificate that is good for five years from yesterday on."""
    key, serial = new_key(), new_serial()
    moment = dt.datetime.fromtimestamp(now, dt.UTC).replace(microsecond=0)
    begins_at = moment - dt.timedelta(days=1)
    ends_at = begins_at + dt.timedelta(days=5 * 365)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com (simulated)")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int(serial, 16))
        .not_valid_before(begins_at)
        .not_valid_after(ends_at)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM).decode()
    return Certificate(serial, key, pem, begins_at, ends_at)


def private_pem(key: RSAPrivateKey) -> str:
    """The key as PKCS#8, as the merchant platform hands it out."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: RSAPrivateKey) -> str:
    """The public half."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _read_key(path: Path) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError(f"{path} holds no RSA key")
    return key


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))
