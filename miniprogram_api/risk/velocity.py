"""How many distinct people came from one place today: a device, an address, an inviter."""

from miniprogram_api.core.clock import today
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway, Script

EXACT = 64
LASTS_SECONDS = 26 * 3600  # a day of the shop, and what two clocks may differ

_distinct = Script(__file__, "scripts/distinct.lua")
_log = log(__name__)


def distinct_today(kind: str, place: str, caller: str) -> int | None:
    """Note that `caller` came from a place, and answer how many distinct callers did today.

    Exact up to 64. None: Redis is away and nobody counts.
    """
    bucket = f"{{seen:{kind}:{place}}}:{today():%Y%m%d}"
    try:
        return int(_distinct([f"{bucket}:few", f"{bucket}:many"], [caller, EXACT, LASTS_SECONDS]))
    except RedisAway as away:
        _log.warning("velocity_not_counted", kind=kind, reason=str(away))
        return None
