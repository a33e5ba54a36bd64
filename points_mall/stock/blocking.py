"""Who is blocked, in the pools that are loaded: the gate turns them away like anybody else's refusal."""

from typing import cast

from miniprogram_api.core.db import after_commit
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway, redis_client, redis_errors

from .gate import keys_of
from .pools import Pool
from .rebuilding import blocked_members
from .sweeping import lively_pools

_log = log(__name__)


def copy_blocked() -> int:
    """Let every lively pool know who is blocked now; answer how many had to be changed.

    :raises RedisAway: not all of them know.
    """
    blocked = {b"%d" % member_id for member_id in blocked_members()}
    return sum(_copy(pool, blocked) for pool in lively_pools())


def follow() -> None:
    """Somebody was blocked or unblocked: tell the pools once that is committed.

    While Redis is away nobody is told; the copy of every minute, or the next load, makes up for it.
    """
    after_commit(_copy_if_redis_is_there)


def _copy_if_redis_is_there() -> None:
    try:
        copy_blocked()
    except RedisAway as away:
        _log.warning("blocks_not_copied", reason=str(away))


def _copy(pool: Pool, blocked: set[bytes]) -> bool:
    key = keys_of(pool.id, "blocked")[0]
    with redis_errors():
        known = cast("set[bytes]", redis_client().smembers(key))
        if missing := blocked - known:
            redis_client().sadd(key, *missing)
        if freed := known - blocked:
            redis_client().srem(key, *freed)
    return bool(missing or freed)
