"""One-time codes by RFC 6238: six digits, thirty seconds, none taken twice."""

import re

import pyotp

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import seal, unseal

_SECRET, _CODE = re.compile(r"[A-Z2-7]{32}"), re.compile(r"[0-9]{6}")
PERIOD_SECONDS = 30
NEIGHBOURS = 1  # a phone's clock may be off by one period


def new_secret() -> str:
    """A secret for an authenticator application, base32."""
    return pyotp.random_base32()


def address_of(secret: str, username: str, shop: str) -> str:
    """What an authenticator scans: an `otpauth:` address."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=shop)


def step_of(secret: str, code: str, after_step: int) -> int | None:
    """The period whose code this is, if it is later than the newest one taken; else None."""
    if not _SECRET.fullmatch(secret) or not _CODE.fullmatch(code):
        return None
    present = int(now().timestamp()) // PERIOD_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(present - NEIGHBOURS, present + NEIGHBOURS + 1):
        if step > after_step and pyotp.utils.strings_equal(totp.at(step * PERIOD_SECONDS), code):
            return step
    return None


def sealed(secret: str, staff_id: int) -> str:
    """The secret as it is kept."""
    return seal(secret, f"staff.otp:{staff_id}")


def unsealed(kept: str, staff_id: int) -> str:
    """The secret as it was made."""
    return unseal(kept, f"staff.otp:{staff_id}")
