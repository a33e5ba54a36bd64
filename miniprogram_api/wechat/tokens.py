"""The access token: one for all threads and processes, fetched by one of them at a time.

`stable_token` gives everybody the same token until shortly before its end, so what is shared here
saves requests; it is never needed to be right. Redis may come and go.
"""

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from redis import Redis, RedisError

from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import log

from .errors import WeChatUnavailable

EARLY_SECONDS = 300  # WeChat renews five minutes before the end; so do we
FORCE_EVERY_SECONDS = 300  # WeChat allows a forced renewal 20 times a day, 30 s apart
LOCK_SECONDS = 15  # longer than one fetch can take with its time-outs
WAIT_SECONDS = 2  # then fetch all the same: it brings the same token
POLL_SECONDS = 0.05

_log = log(__name__)
_AWAY = (RedisError, DomainError, OSError)

RedisFactory = Callable[[], "Redis | None"]


@dataclass(frozen=True)
class AccessToken:
    """A token and how long WeChat says it lives."""

    value: str
    expires_in_seconds: int


class Fetch(Protocol):
    """How a token is asked of WeChat."""

    def __call__(self, *, force: bool) -> AccessToken:
        """Ask; a forced one makes the old one invalid."""


def no_redis() -> None:
    """For a client that keeps its token to its own process."""


class SharedToken:
    """The token of one mini-program.

    A process keeps a copy and asks Redis only when the copy is over or was refused. An empty cache
    costs one fetch: threads queue at a lock, processes at a key in Redis, and all take what the
    first one brings. When that fetch fails, those who waited for it fail with it.

    :param redis: gives the Redis to share through, or None.
    """

    def __init__(self, appid: str, fetch: Fetch, redis: RedisFactory) -> None:
        self._fetch, self._redis = fetch, redis
        self._key = f"wechat:{{{appid}}}:access-token"
        self._lock_key = f"wechat:{{{appid}}}:access-token-lock"
        self._forced_key = f"wechat:{{{appid}}}:access-token-forced"
        self._turn = threading.Lock()
        self._copy: tuple[str, float] = ("", 0.0)  # replaced whole, so readers need no lock
        self._failed_at = self._forced_at = float("-inf")

    def current(self) -> str:
        """A token to ask with.

        :raises WeChatUnavailable: WeChat gives none.
        """
        return self._own_copy() or self._after_refusal_of("")

    def renewed(self, refused: str) -> str:
        """Another token, after WeChat has refused `refused`.

        :raises WeChatUnavailable: WeChat gives none, or only the refused one.
        """
        return self._after_refusal_of(refused)

    def _own_copy(self, refused: str = "") -> str:
        value, until = self._copy
        return value if value != refused and time.monotonic() < until else ""

    def _after_refusal_of(self, refused: str) -> str:
        came_at = time.monotonic()
        with self._turn:
            if copy := self._own_copy(refused):
                return copy  # the thread before us has brought it
            if self._failed_at >= came_at:
                raise WeChatUnavailable("no access token", retry_after_seconds=2)
            try:
                return self._bring(refused)
            except WeChatUnavailable:
                self._failed_at = time.monotonic()
                raise

    def _bring(self, refused: str) -> str:
        """The token that another process has stored, else a fetched one."""
        owner = secrets.token_hex(8)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if shared := self._shared(refused):
                return shared
            if self._lock(owner):
                break
            time.sleep(POLL_SECONDS)
        try:
            return self._fetch_and_share(refused)
        finally:
            self._unlock(owner)

    def _fetch_and_share(self, refused: str) -> str:
        token = self._fetch(force=False)
        if token.value == refused:
            # A token that WeChat hands out and does not take: only force replaces it.
            if not self._may_force():
                raise WeChatUnavailable(
                    "WeChat refuses its own token", retry_after_seconds=FORCE_EVERY_SECONDS
                )
            token = self._fetch(force=True)
        seconds = max(60, token.expires_in_seconds - EARLY_SECONDS)
        self._copy = (token.value, time.monotonic() + seconds)
        try:
            if redis := self._redis():
                redis.set(self._key, token.value, ex=seconds)
        except _AWAY as error:
            _log.warning("wechat_token_not_shared", error=type(error).__name__)
        return token.value

    def _shared(self, refused: str) -> str:
        """The token in Redis, unless it is the refused one; kept as our copy."""
        try:
            redis = self._redis()
            stored = redis.get(self._key) if redis else None
            if redis is None or not isinstance(stored, bytes) or stored == refused.encode():
                return ""
            left_ms = redis.pttl(self._key)
        except _AWAY:
            return ""
        if left_ms <= 0:  # gone meanwhile
            return ""
        self._copy = (stored.decode(), time.monotonic() + left_ms / 1000)
        return self._copy[0]

    def _lock(self, owner: str) -> bool:
        """Whether it is our turn to fetch; without Redis it always is."""
        try:
            redis = self._redis()
            return redis is None or bool(
                redis.set(self._lock_key, owner, nx=True, px=LOCK_SECONDS * 1000)
            )
        except _AWAY:
            return True

    def _unlock(self, owner: str) -> None:
        """Let the next one in. The lock ends by itself, and a slip costs one fetch more."""
        try:
            redis = self._redis()
            if redis is not None and redis.get(self._lock_key) == owner.encode():
                redis.delete(self._lock_key)
        except _AWAY:
            return

    def _may_force(self) -> bool:
        """Whether this is the first forced renewal in a while, of all processes."""
        if time.monotonic() - self._forced_at < FORCE_EVERY_SECONDS:
            return False
        self._forced_at = time.monotonic()
        try:
            redis = self._redis()
            return redis is None or bool(
                redis.set(self._forced_key, "1", nx=True, ex=FORCE_EVERY_SECONDS)
            )
        except _AWAY:
            return True
