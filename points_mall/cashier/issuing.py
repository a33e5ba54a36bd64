"""Member codes: issued to a phone for a minute, taken by one till. Redis holds them, by their hash.

While Redis is away no code is issued and none is taken; a static number still earns.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.redis import Script, redis_client, redis_errors
from miniprogram_api.core.settings import settings
from miniprogram_api.members.accounts import member_of
from miniprogram_api.risk import blocks, limits, pace
from miniprogram_api.risk.limits import Limit
from miniprogram_api.risk.subjects import Kind

from .codes import new_member_code
from .errors import CodeExpired, CodeUsed, MemberBlocked, UnknownCode

REMEMBERED = timedelta(minutes=10)
"""How long a code is known at least, so that expired is told from unknown."""

CLOCK_BEHIND_MS = 5000
"""How far the clock of a till without a network may be behind ours."""

FOR_THE_TILL = "till"
PACE = "member_code"

limits.declare(PACE, lambda s: Limit(s.member_codes_per_minute, 60, s.member_codes_per_minute))

_issue = Script(__file__, "scripts/issue.lua")
_shorten = Script(__file__, "scripts/shorten.lua")
_take = Script(__file__, "scripts/take.lua")


@dataclass(frozen=True)
class Issued:
    """A code as its member shows it."""

    code: str
    expires_at: datetime
    refresh_after_seconds: int
    server_time: datetime


@dataclass(frozen=True)
class Taken:
    """A code that a till has taken; nobody takes it again."""

    code_hash: str
    member_id: int


def issue(member_id: int) -> Issued:
    """Issue a fresh code; the one before it is good for a few seconds more.

    :raises AccountClosed: the account is closed.
    :raises MemberBlocked: the member is blocked.
    :raises SlowDown: the phone asks faster than it shows.
    :raises RedisAway: codes are closed just now.
    """
    member_of(member_id)
    require_not_blocked(member_id)
    pace.check(PACE, f"m:{member_id}")
    moment = now()
    ends = moment + timedelta(seconds=settings().member_code_seconds)
    code = _kept(member_id, moment, ends)
    _supersede(member_id, hash_of(code), moment)
    return Issued(code, ends, settings().member_code_refresh_seconds, moment)


def take(code: str, taker: str, *, shown_at: datetime | None = None) -> Taken:
    """Take a code in one step, whatever comes of it afterwards.

    :param taker: the till, or the till and its receipt.
    :param shown_at: when it was scanned, where the till was without a network: then the same taker
        may take it again. None: now.
    :raises UnknownCode: nobody was given it, or long ago.
    :raises CodeExpired: its time was over.
    :raises CodeUsed: another scan was first.
    :raises RedisAway: codes are closed just now.
    """
    code_hash, moment = hash_of(code), now()
    again = 0 if shown_at is None else 1
    args = [_ms(shown_at or moment), taker, _ms(moment), CLOCK_BEHIND_MS, again]
    told: list[Any] = _take(keys=[_key(code_hash)], args=args)
    word, *facts = (_text(one) for one in told)
    if word == "unknown":
        raise UnknownCode("nobody was given this code, or long ago")
    if word == "expired":
        raise CodeExpired("its time is over", expired_at=_moment(facts[0]))
    if word == "used":
        raise CodeUsed(_moment(facts[0]), facts[1])
    return Taken(code_hash, int(facts[0]))


def require_not_blocked(member_id: int) -> None:
    """Let through who is not on the block list.

    :raises MemberBlocked: the member is.
    """
    if blocks.hits([(Kind.MEMBER, str(member_id))]):
        raise MemberBlocked("the member is blocked")


def hash_of(code: str) -> str:
    """The keyed hash under which a code is kept; the code itself is kept nowhere."""
    return blind_index(code, "member_code")


def _kept(member_id: int, begins: datetime, ends: datetime) -> str:
    lasts_ms = int((ends - begins + REMEMBERED).total_seconds() * 1000)
    while True:
        code = new_member_code()
        args = [member_id, FOR_THE_TILL, _ms(begins), _ms(ends), lasts_ms]
        if _issue(keys=[_key(hash_of(code))], args=args):
            return code


def _supersede(member_id: int, code_hash: str, moment: datetime) -> None:
    """Note the member's newest code, and shorten the life of the one before it."""
    life = settings().member_code_seconds
    with redis_errors():
        before = redis_client().set(f"{{m:{member_id}}}:code", code_hash, ex=life, get=True)
    if before is not None:
        ends = moment + timedelta(seconds=settings().member_code_grace_seconds)
        _shorten(keys=[_key(_text(before))], args=[_ms(ends)])


def _key(code_hash: str) -> str:
    return f"member_code:{{{code_hash}}}"


def _text(stored: Any) -> str:
    return stored.decode() if isinstance(stored, bytes) else str(stored)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(told_ms: str) -> datetime:
    return datetime.fromtimestamp(int(told_ms) / 1000, UTC)
