"""What a member sees of the account: our own part, and those of the features above."""

from collections.abc import Callable
from typing import Any

from .accounts import member_of, phone_of
from .models import Member
from .rules import masked_phone

Part = Callable[[int], Any]


def _everyone_is_regular(_member_id: int) -> dict[str, str]:
    return {"code": "regular", "name": "普通会员"}


def _no_points(_member_id: int) -> dict[str, int]:
    return {"available": 0, "held": 0, "pending": 0, "debt": 0}


def _no_balance(_member_id: int) -> int:
    return 0


# What is true of every member as long as no feature above knows more.
_parts: dict[str, Part] = {
    "tier": _everyone_is_regular,
    "points": _no_points,
    "balance_fen": _no_balance,
}


def register(name: str, part: Part) -> None:
    """Let a feature tell one part of `GET /members/me`, by the member's id."""
    _parts[name] = part


def profile_of(member_id: int) -> dict[str, Any]:
    """The member as `GET /members/me` shows it.

    :raises AccountClosed: the account is closed.
    """
    member = member_of(member_id)
    return _own_part(member) | {name: part(member_id) for name, part in _parts.items()}


def _own_part(member: Member) -> dict[str, Any]:
    phone = phone_of(member)
    return {
        "member_no": member.member_no,
        "nickname": member.nickname,
        "birthday": member.birthday,
        "phone_masked": masked_phone(phone) if phone else None,
        "joined_at": member.joined_at,
    }
