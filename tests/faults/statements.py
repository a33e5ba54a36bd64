"""Counts what an engine asks of its database, and makes the nth of it fail.

Statements and commits count alike. A failure comes *before* the database heard of it, or *after*
it did its work and only the answer is lost. Deterministic, in this process, without any timing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from unittest import mock

import sqlalchemy as sa

Side = Literal["before", "after"]
SIDES: tuple[Side, ...] = ("before", "after")


@dataclass
class Calls:
    """What was asked, in order; `COMMIT` stands for a commit."""

    fails_at: int = 0
    side: Side = "before"
    asked: list[str] = field(default_factory=list)
    fired: bool = False

    @property
    def fired_after_commit(self) -> bool:
        """Whether the work was done and only its answer was lost."""
        return self.fired and self.side == "after" and self.asked[self.fails_at - 1] == "COMMIT"

    def ask(self, what: str) -> Side | None:
        """Count one; on which side of it to fail, if on any."""
        self.asked.append(what)
        if len(self.asked) != self.fails_at:
            return None
        self.fired = True
        return self.side


@contextmanager
def watched(
    engine: sa.Engine,
    fails_at: int = 0,
    side: Side = "before",
    failure: type[Exception] | None = None,
) -> Iterator[Calls]:
    """Within the block, count what `engine` asks and make call number `fails_at` fail.

    :param failure: an error of the driver's, if not just any operational one.
    """
    calls = Calls(fails_at, side)
    failure = failure or engine.dialect.loaded_dbapi.OperationalError
    commit = engine.dialect.do_commit

    def perform(what: str, work: Any) -> None:
        fails = calls.ask(what)
        if fails == "before":
            raise failure("injected: it was never asked")
        work()
        if fails == "after":
            raise failure("injected: the answer was lost")

    def do_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        perform(statement, lambda: cursor.execute(statement, parameters))
        return True  # done: SQLAlchemy need not

    def do_commit(connection: Any) -> None:
        perform("COMMIT", lambda: commit(connection))

    sa.event.listen(engine, "do_execute", do_execute)
    try:
        with mock.patch.object(engine.dialect, "do_commit", do_commit):
            yield calls
    finally:
        sa.event.remove(engine, "do_execute", do_execute)
