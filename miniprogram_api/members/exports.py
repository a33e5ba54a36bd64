"""Everything about one member, for the member: our own part, and those of the features above."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.auth.services import living_sessions
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db

from .accounts import member_of, phone_of
from .consents import consent_history
from .models import MemberIdentity

Part = Callable[[int], Any]

_parts: dict[str, Part] = {}


def register(name: str, part: Part) -> None:
    """Let a feature add what it knows of a member, as plain JSON, by the member's id."""
    _parts[name] = part


def export_personal_data(member_id: int) -> dict[str, Any]:
    """Everything about a member, in clear.

    :raises AccountClosed: the account is closed; nothing personal is left.
    """
    own = {
        "exported_at": _told(now()),
        "profile": _profile(member_id),
        "identities": _identities(member_id),
        "consents": _consents(member_id),
        "sessions": _sessions(member_id),
    }
    return own | {name: part(member_id) for name, part in _parts.items()}


def _profile(member_id: int) -> dict[str, Any]:
    member = member_of(member_id)
    return {
        "member_no": member.member_no,
        "nickname": member.nickname,
        "birthday": member.birthday and member.birthday.isoformat(),
        "phone": phone_of(member),
        "joined_at": _told(member.joined_at),
    }


def _identities(member_id: int) -> list[dict[str, Any]]:
    rows = db.session.scalars(
        sa.select(MemberIdentity).filter_by(member_id=member_id).order_by(MemberIdentity.id)
    )
    return [{"appid": row.appid, "openid": row.openid, "unionid": row.unionid} for row in rows]


def _consents(member_id: int) -> list[dict[str, Any]]:
    return [
        {"document": act.document, "version": act.version, "given": act.given, "at": _told(act.at)}
        for act in consent_history(member_id)
    ]


def _sessions(member_id: int) -> list[dict[str, Any]]:
    return [
        {
            "device": one.device,
            "issued_at": _told(one.issued_at),
            "expires_at": _told(one.expires_at),
        }
        for one in db.session.scalars(living_sessions(member_id))
    ]


def _told(moment: datetime) -> str:
    return in_shop_time(moment).isoformat()
