"""Pools that nobody asks for any more, taken out of Redis; the database keeps every unit."""

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.redis import redis_client, redis_errors

from .gate import keys_of
from .pools import forget_cached, locked, new_generation


@retrying
def unload(pool_id: int) -> None:
    """Forget a pool in Redis. Whoever asks for it after all loads it again from the database.

    :raises RedisAway: it may still be there; nothing changed.
    """
    with transaction() as session:
        row = locked(pool_id)
        row.generation, row.loaded_at = new_generation(), None
        session.flush()  # who loads it at the same moment waits for us, or we for them
        with redis_errors():
            redis_client().delete(*keys_of(pool_id))
        forget_cached()
