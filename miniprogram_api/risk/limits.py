"""How fast each action may be repeated by one caller. Pure, but for the settings."""

from collections.abc import Callable
from dataclasses import dataclass

from miniprogram_api.core.settings import Settings, settings


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in so many seconds at a steady rate, and `burst` of them at once.

    A rate of 0 means no limit.
    """

    calls: int
    seconds: int
    burst: int

    @property
    def interval_us(self) -> int:
        """Microseconds between two calls at the steady rate."""
        return self.seconds * 1_000_000 // self.calls

    def share(self, processes: int) -> "Limit":
        """What one of so many processes may let through by itself: a part, never more."""
        return Limit(self.calls, self.seconds * processes, max(1, self.burst // processes))


_LIMITS: dict[str, Callable[[Settings], Limit]] = {
    "login_address": lambda s: Limit(s.login_address_per_second, 1, s.login_address_burst),
    "login_openid": lambda s: Limit(s.login_openid_per_minute, 60, s.login_openid_burst),
    "phone": lambda s: Limit(s.phone_binds_per_hour, 3600, s.phone_binds_per_hour),
    "post": lambda s: Limit(s.member_posts_per_second, 1, s.member_posts_burst),
}


def declare(action: str, limit: Callable[[Settings], Limit]) -> None:
    """Give an action of a feature above its limit, read from the settings at each call."""
    _LIMITS[action] = limit


def limit_of(action: str) -> Limit:
    """The limit of an action, by the settings of today."""
    return _LIMITS[action](settings())


def all_limits() -> dict[str, Limit]:
    """Every action that has a limit, by the settings of today."""
    return {action: limit(settings()) for action, limit in sorted(_LIMITS.items())}
