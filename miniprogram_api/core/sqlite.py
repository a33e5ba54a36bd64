"""How SQLite is used: what it acknowledges is on the disk, foreign keys hold, writers take turns.

SQLite lets one writer in at a time. Left to itself it makes the others sleep and look again, up to a
tenth of a second apart, while the file has long been free. Here the writers of a process stand in
line, and only the first of it looks, about every millisecond, whether another process still writes.
"""

import random
import sqlite3
import threading
import time
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

WAIT_SECONDS = 5.0
"""How long a writer waits for its turn before it hears that the database is locked."""

LOOK_SECONDS = (0.0005, 0.0015)
_WRITES = "is_first_in_line"


def prepare(engine: Engine) -> None:
    """Teach an engine all of this."""
    line = _Line()
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", line.begin)
    sa.event.listen(engine, "checkin", line.leave)


def _set_up(connection: DBAPIConnection, _entry: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: `_Line.begin` does
    cursor = connection.cursor()
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    _wait_for_others(cast(sqlite3.Connection, connection), WAIT_SECONDS)


def _wait_for_others(driver: sqlite3.Connection, seconds: float) -> None:
    driver.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")


class _Line:
    """The writers of one process, one after the other."""

    def __init__(self) -> None:
        self._first = threading.Lock()

    def begin(self, connection: Connection) -> None:
        """Begin to read, or to write once it is our turn."""
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN")
            return
        deadline = time.monotonic() + WAIT_SECONDS
        if self._first.acquire(timeout=WAIT_SECONDS):
            connection.info[_WRITES] = True
        driver = cast(sqlite3.Connection, connection.connection.dbapi_connection)
        _wait_for_others(driver, 0)
        try:
            while not _begins(driver):
                if time.monotonic() >= deadline:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")  # is refused, in the usual words
                    return
                time.sleep(random.uniform(*LOOK_SECONDS))  # noqa: S311 - no secret
        finally:
            _wait_for_others(driver, WAIT_SECONDS)

    def leave(self, _connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        """The transaction is over, in whatever way: who is next may begin."""
        if entry.info.pop(_WRITES, False):
            self._first.release()


def _begins(driver: sqlite3.Connection) -> bool:
    """Whether the file was free, and we are its writer now."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
