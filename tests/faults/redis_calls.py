"""Counts what is asked of Redis, and makes the nth of it fail, before or after its effect."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import redis

from .statements import Calls, Side


@contextmanager
def watched_redis(
    client: redis.Redis, fails_at: int = 0, side: Side = "before", *, always: bool = False
) -> Iterator[Calls]:
    """Within the block, count what `client` asks and make call number `fails_at`, or all, fail."""
    calls = Calls(fails_at, side)
    ask: Any = client.execute_command

    def execute_command(*args: Any, **options: Any) -> Any:
        fails = calls.ask(str(args[0]))
        if fails == "before" or always:
            raise redis.ConnectionError("injected: it was never asked")
        answer = ask(*args, **options)
        if fails == "after":
            raise redis.TimeoutError("injected: the answer was lost")
        return answer

    with mock.patch.object(client, "execute_command", execute_command):
        yield calls
