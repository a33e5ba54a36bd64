"""SQLite's writers take turns: in a process one after the other, and between processes soon."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core import sqlite
from miniprogram_api.core.db import current_transaction, db, transaction

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

COUNTED = sa.text("SELECT number FROM counted")


@pytest.fixture(autouse=True)
def _a_number(app: Flask) -> None:
    with transaction():
        current_transaction().execute(sa.text("CREATE TABLE counted (number INTEGER)"))
        current_transaction().execute(sa.text("INSERT INTO counted VALUES (0)"))
    db.session.rollback()


def count(error: type[Exception] | None = None) -> None:
    """Read, wait a moment, write one more; or break off."""
    with transaction():
        session = current_transaction()
        number = session.scalar(COUNTED)
        time.sleep(0.002)
        session.execute(sa.text("UPDATE counted SET number = :number"), {"number": number + 1})
        if error is not None:
            raise error


def at_once(app: Flask, errors: Sequence[type[Exception] | None]) -> list[BaseException | None]:
    """Count in as many threads; what each of them met."""

    def run(error: type[Exception] | None) -> BaseException | None:
        with app.app_context():
            try:
                count(error)
            except Exception as met:  # noqa: BLE001 - told
                return met
            return None

    with ThreadPoolExecutor(len(errors)) as threads:
        return list(threads.map(run, errors))


def _lose_the_connection() -> None:
    with transaction() as session:
        session.connection().invalidate()
        session.execute(COUNTED)


def counted() -> int:
    db.session.rollback()
    return int(db.session.scalar(COUNTED) or 0)


@contextlib.contextmanager
def another_process() -> Iterator[sqlite3.Connection]:
    """Somebody else who writes to the same file."""
    file = Path(db.engine.url.database or "")
    with contextlib.closing(sqlite3.connect(file, 10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


def test_forty_writers_take_turns_and_none_is_refused(app: Flask) -> None:
    assert at_once(app, [None] * 40) == [None] * 40
    assert counted() == 40


def test_who_breaks_off_lets_the_next_one_in(app: Flask) -> None:
    errors = [ValueError if at % 2 else None for at in range(20)]
    told = at_once(app, errors)
    assert sum(isinstance(one, ValueError) for one in told) == 10
    assert counted() == 10


def test_who_loses_the_connection_lets_the_next_one_in(app: Flask) -> None:
    with pytest.raises(sa.exc.PendingRollbackError):
        _lose_the_connection()
    count()
    assert counted() == 1


def test_a_writer_of_another_process_is_waited_for(app: Flask) -> None:
    with another_process() as other, ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(at_once, app, [None] * 3)
        time.sleep(0.1)
        assert not waiting.done()
        other.execute("COMMIT")
        assert waiting.result(10) == [None] * 3
    assert counted() == 3


def test_who_waits_too_long_hears_that_the_database_is_locked(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0.1)
    with another_process():
        told = at_once(app, [None] * 3)
    assert ["database is locked" in str(one) for one in told] == [True] * 3
    count()
    assert counted() == 1
