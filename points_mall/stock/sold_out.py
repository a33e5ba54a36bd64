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


@dataclass
class _Known:
    until: float
    holders: frozenset[int]
    is_asked_again: bool = False


_memory: Memory[int, _Known] = Memory("stock.sold_out")


def remember(pool_id: int) -> None:
    """The gate has just said that the pool is sold out.

    :raises RedisAway: who holds units could not be asked.
    """
    seconds = settings().sold_out_memory_seconds
    known = _memory.known([pool_id]).get(pool_id)
    if seconds <= 0 or (known is not None and known.until > time.monotonic()):
        return
    with redis_errors():
        members = redis_client().hkeys(keys_of(pool_id, "who")[0])
    holders = frozenset(int(member) for member in members)
    _memory.put({pool_id: _Known(time.monotonic() + seconds, holders)})


def is_known(pool_id: int, member_id: int) -> bool:
    """Whether the member would find nothing, as far as this process knows.

    Who first finds the memory stale goes and asks; the others go by it for as long again.
    """
    known = _memory.known([pool_id]).get(pool_id)
    if known is None or member_id in known.holders:
        return False
    moment = time.monotonic()
    if moment < known.until:
        return True
    if known.is_asked_again:
        return moment < known.until + settings().sold_out_memory_seconds
    known.is_asked_again = True
    return False


def anything_is_known() -> bool:
    """Whether it is worth asking about any pool at all."""
    return not _memory.is_empty()


def forget_all() -> None:
    """Know nothing (for tests, and after this process gave units back)."""
    _memory.forget()
