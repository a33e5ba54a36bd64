"""How members, addresses and devices are named where anti-abuse counts, blocks and records.

Addresses and devices appear as keyed hashes only.
"""

import re
from collections.abc import Callable
from enum import StrEnum

from flask import request

from miniprogram_api.core.crypto import blind_index

from . import pace
from .errors import DeviceIdInvalid, NotABlockable

HEADER = "X-Device-Id"
DEVICE_PATTERN = "^[0-9A-Za-z_-]{8,64}$"
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "A random name that the mini-program made for its installation and keeps.",
    "schema": {"type": "string", "pattern": DEVICE_PATTERN},
}
UNKNOWN_ADDRESS = "a:unknown"

_DEVICE = re.compile(DEVICE_PATTERN.strip("^$"))
_member_id_of: list[Callable[[str], int]] = []


class Kind(StrEnum):
    """Whom a block can hit."""

    MEMBER = "member"
    ADDRESS = "address"
    DEVICE = "device"


def connect(member_id_of: Callable[[str], int]) -> None:
    """Let the floor above find members by their numbers."""
    _member_id_of[:] = [member_id_of]


def member_subject(member_no: str) -> str:
    """The member of a number.

    :raises NotFound: nobody has it.
    """
    return str(_member_id_of[0](member_no))


def address_subject(remote: str | None) -> str | None:
    """A network address (of IPv6 the /64) as a keyed hash; None where there is none."""
    address = pace.address_of(remote)
    return None if address == UNKNOWN_ADDRESS else _hashed(address, "risk.address")


def device_subject(device_id: str) -> str:
    """A device as a keyed hash.

    :raises DeviceIdInvalid: that is no device id.
    """
    if not _DEVICE.fullmatch(device_id):
        raise DeviceIdInvalid("8 to 64 letters, digits, - or _")
    return _hashed(device_id, "risk.device")


def person_subject(openid: str) -> str:
    """A WeChat user who may not be a member yet, as a keyed hash."""
    return _hashed(openid, "risk.person")


def subject_of(kind: Kind, given: str) -> str:
    """The subject of a block, from what staff know: a member number, an address, a device id.

    :raises NotABlockable: it is not one.
    """
    if kind is Kind.MEMBER:
        return member_subject(given)
    if kind is Kind.DEVICE:
        return device_subject(given)
    subject = address_subject(given)
    if subject is None:
        raise NotABlockable(f"{given!r} is no network address")
    return subject


def device_of_request() -> str | None:
    """The device that the current request names, as a keyed hash; None: it names none.

    :raises DeviceIdInvalid: what it names is no device id.
    """
    given = request.headers.get(HEADER)
    return None if given is None else device_subject(given)


def _hashed(value: str, purpose: str) -> str:
    return blind_index(value, purpose)[:32]
