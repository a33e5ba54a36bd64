"""Keeping callers to their pace, in one Redis call; without Redis, in this process alone."""

import ipaddress
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

from flask import current_app

from miniprogram_api.core.errors import SlowDown
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway, Script, one_call_each
from miniprogram_api.core.settings import settings

from .limits import Limit, limit_of

ASK_AGAIN_SECONDS = 1.0
BUCKETS_KEPT = 10_000

_gcra = Script(__file__, "scripts/gcra.lua")
_log = log(__name__)


def check(action: str, caller: str) -> None:
    """Let a call of `caller` pass, or refuse it for being too fast.

    `caller` names who is slowed down (`m:7`, `a:203.0.113.9`) and never holds an openid or a phone
    number in clear: it becomes a Redis key. Counting a call twice (an answer lost on the way) is
    harmless. While Redis is away each process lets through its share of the limit.

    :raises SlowDown: with the seconds after which a repeat has a chance.
    """
    [refusal] = _refusals(action, [caller])
    if refusal is not None:
        raise refusal


def check_together(action: str, caller: str) -> None:
    """The same for calls that come in crowds: those that arrive together share the call of Redis.

    :raises SlowDown: with the seconds after which a repeat has a chance.
    """
    group = group_of(f"pace.{action}", partial(_refusals, action))
    if refusal := group.submit(caller):
        raise refusal


def _refusals(action: str, callers: Sequence[str]) -> list[SlowDown | None]:
    """Why callers must wait; one who is named twice has called twice."""
    limit = limit_of(action)
    if limit.calls <= 0:
        return [None] * len(callers)
    waits = _waits_us([f"{{{caller}}}:pace:{action}" for caller in callers], limit)
    return [_refusal(action, wait_us) for wait_us in waits]


def _refusal(action: str, wait_us: int) -> SlowDown | None:
    if wait_us <= 0:
        return None
    return SlowDown(f"too many calls: {action}", retry_after_seconds=-(-wait_us // 1_000_000))


def address_of(remote: str | None) -> str:
    """The caller that a network address stands for: an IPv4 address, or the /64 of an IPv6 one,
    which one subscriber holds whole.
    """
    try:
        address = ipaddress.ip_address(remote or "")
    except ValueError:
        return "a:unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return f"a:{mapped or ipaddress.ip_network((address, 64), strict=False)}"
    return f"a:{address}"


def _waits_us(keys: Sequence[str], limit: Limit) -> list[int]:
    alone = _alone()
    if alone.asks_redis():
        try:
            return [
                int(wait)
                for some in one_call_each(keys)
                for wait in _gcra(keys=some, args=[limit.interval_us, limit.burst])
            ]
        except RedisAway as error:
            alone.redis_is_away()
            _log.warning("pace_kept_alone", reason=str(error))
    share = limit.share(max(1, settings().web_workers))
    return [alone.wait_us(key, share) for key in keys]


def _alone() -> "AlonePace":
    pace = current_app.extensions.get("alone_pace")
    if pace is None:
        pace = current_app.extensions.setdefault("alone_pace", AlonePace())
    return cast(AlonePace, pace)


class AlonePace:
    """The pace as one process keeps it, while Redis is away: the same rule, in memory."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ask_again_at = 0.0
        self._caught_up_us: dict[str, int] = {}
        self._lock = threading.Lock()

    def asks_redis(self) -> bool:
        """Whether Redis is worth a call: after a failure, not before a second has passed."""
        return self._clock() >= self._ask_again_at

    def redis_is_away(self) -> None:
        """Spare the next callers the wait for a server that does not answer."""
        self._ask_again_at = self._clock() + ASK_AGAIN_SECONDS

    def wait_us(self, key: str, limit: Limit) -> int:
        """0 when the call may pass, otherwise how long to wait."""
        now = int(self._clock() * 1_000_000)
        with self._lock:
            caught_up = max(self._caught_up_us.get(key, 0), now) + limit.interval_us
            wait = caught_up - now - limit.interval_us * limit.burst
            if wait > 0:
                return wait
            if key not in self._caught_up_us and len(self._caught_up_us) >= BUCKETS_KEPT:
                self._forget(now)
            self._caught_up_us[key] = caught_up
        return 0

    def _forget(self, now: int) -> None:
        """Drop the callers who have caught up; if nobody has, the oldest, to stay bounded."""
        self._caught_up_us = {k: at for k, at in self._caught_up_us.items() if at > now}
        while len(self._caught_up_us) >= BUCKETS_KEPT:
            del self._caught_up_us[next(iter(self._caught_up_us))]
