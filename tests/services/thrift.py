"""What tests need not pay for again and again: compiled SQL, and data that reaches the disk.

Every test has an application and an engine of its own. Left to itself an engine compiles each
statement anew, and SQLite waits for the disk at every commit.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_compiled: LRUCache[Any, Any] = LRUCache(3000)


def share_compiled_sql() -> None:
    """Let all engines of one kind of database count as one where compiled statements are kept."""
    DefaultDialect.__eq__ = _is_of_one_kind  # type: ignore[method-assign, assignment]
    DefaultDialect.__hash__ = _hash_of_kind  # type: ignore[method-assign, assignment]


def make_thrifty(engine: sa.Engine) -> None:
    """Keep what an engine compiles for the next one, and nothing that it writes for a power cut."""
    engine.update_execution_options(compiled_cache=_compiled)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _forget)


def _forget(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=off")


def _is_of_one_kind(self: DefaultDialect, other: object) -> bool:
    return type(self) is type(other)


def _hash_of_kind(self: DefaultDialect) -> int:
    return hash(type(self))
