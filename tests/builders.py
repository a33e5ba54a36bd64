"""Builders: what a test needs to exist, with sensible defaults.

Each makes one thing through the services that the shop itself uses, says its name in the trade's
words, and takes what a test cares about as keyword arguments.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from miniprogram_api.auth.services import open_session
from miniprogram_api.core.db import transaction
from miniprogram_api.members.enrolment import enrol_or_find
from miniprogram_api.wechat.answers import WeChatSession

SHANGHAI = ZoneInfo("Asia/Shanghai")


def shanghai(text: str) -> datetime:
    """The moment of a wall clock in the shop: `shanghai("2026-11-21 10:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def enrolled_member(openid: str = "oLi-who-shops-on-Saturdays-01") -> int:
    """A member whom WeChat knows by `openid`, enrolled at the first mention; the member's id."""
    with transaction():
        member, _is_new = enrol_or_find(WeChatSession(openid=openid, unionid=None))
        return member.id


def bearer(member_id: int) -> dict[str, str]:
    """The headers of a member who has just logged in."""
    with transaction():
        session = open_session(member_id, "other")
    return {"Authorization": f"Bearer {session.access_token}"}
