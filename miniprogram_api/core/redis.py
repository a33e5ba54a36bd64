"""Redis: one client a process, bounded in time, never repeating a call by itself.

Redis turns people away; it never is the only one that says yes. When it cannot be reached the caller
hears `RedisAway` and decides what that means for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import redis
from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from .errors import Unavailable
from .settings import Settings

CONNECT_SECONDS, READ_SECONDS = 0.3, 0.5


class RedisAway(Unavailable):
    """Redis did not answer in time; whether it acted is unknown."""


def redis_url(app: Flask, settings: Settings) -> str:
    """Where Redis listens: the setting, else the socket of the embedded server."""
    return settings.redis_url or f"unix://{Path(app.instance_path) / 'redis.sock'}"


def init_redis(app: Flask, settings: Settings) -> None:
    """Give the application its client; nothing is connected before the first call."""
    app.extensions["redis_client"] = connect(redis_url(app, settings))


def connect(url: str) -> redis.Redis:
    """A client for `url`: time-outs bounded, retries off (a lost answer must not act twice)."""
    options: dict[str, Any] = {
        "socket_timeout": READ_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
    }
    if url.startswith("redis-cluster://"):
        cluster = RedisCluster.from_url(url.replace("redis-cluster", "redis", 1), **options)
        return cast(redis.Redis, cluster)
    if url.startswith("unix://"):
        del options["socket_connect_timeout"]
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)


def redis_client() -> redis.Redis:
    """The client of the application in whose context we are."""
    return cast(redis.Redis, current_app.extensions["redis_client"])


def one_call_each(keys: Sequence[str]) -> list[Sequence[str]]:
    """The keys, put together as one script may touch them: on a cluster each lives on its own."""
    if isinstance(redis_client(), RedisCluster):
        return [[key] for key in keys]
    return [keys] if keys else []


@contextmanager
def redis_errors() -> Iterator[None]:
    """Tell every failure to reach Redis as `RedisAway`."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.ClusterError) as error:
        raise RedisAway(f"redis: {type(error).__name__}") from error
    except redis.ResponseError as error:
        if str(error).startswith(("LOADING", "READONLY", "MASTERDOWN", "OOM", "CLUSTERDOWN")):
            raise RedisAway(f"redis: {str(error).split(maxsplit=1)[0]}") from error
        raise


class Script:
    """A Lua script beside its only caller: `Script(__file__, "scripts/gcra.lua")`."""

    def __init__(self, module_file: str, path: str) -> None:
        self.text = (Path(module_file).parent / path).read_text(encoding="utf-8")
        self._registered: dict[int, Any] = {}

    def __call__(self, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run it with the application's client.

        :raises RedisAway: Redis did not answer.
        """
        client = redis_client()
        script = self._registered.get(id(client))
        if script is None:
            script = self._registered[id(client)] = client.register_script(self.text)
        with redis_errors():
            return script(keys=keys, args=args)
