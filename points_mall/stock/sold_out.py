"""What a process may say of a pool without asking anybody, for a moment after it was sold out.

The crowd that is turned away is the largest there is. A member who holds units of the pool is always
asked for, because a repeat of an earlier claim must hear its first answer.
"""

import time
from dataclasses import dataclass

from miniprogram_api.core.memory import Memory
from miniprogram_api.core.redis import redis_client, redis_errors
from miniprogram_api.core.settings import settings

from .gate import keys_of


@dataclass(frozen=True)
class _Known:
    until: float
    holders: frozenset[int]


_memory: Memory[int, _Known] = Memory("stock.sold_out")


def remember(pool_id: int) -> None:
    """The gate has just said that the pool is sold out.

    :raises RedisAway: who holds units could not be asked.
    """
    seconds = settings().sold_out_memory_seconds
    if seconds <= 0 or _fresh(pool_id):
        return
    with redis_errors():
        members = redis_client().hkeys(keys_of(pool_id, "who")[0])
    holders = frozenset(int(member) for member in members)
    _memory.put({pool_id: _Known(time.monotonic() + seconds, holders)})


def is_known(pool_id: int, member_id: int) -> bool:
    """Whether the member would find nothing, as far as this process knows."""
    known = _fresh(pool_id)
    return known is not None and member_id not in known.holders


def forget_all() -> None:
    """Know nothing (for tests, and after this process gave units back)."""
    _memory.forget()


def _fresh(pool_id: int) -> _Known | None:
    known = _memory.known([pool_id]).get(pool_id)
    return known if known is not None and known.until > time.monotonic() else None
