"""One PostgreSQL database for the tests of a process: each finds it as the template is.

To make a database takes longer than most tests. So what a test wrote is deleted again, and only a
test that changed the tables themselves, or stays connected, costs the next one a fresh copy.
"""

import contextlib
import time
from collections.abc import Iterator

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import make_url

from .postgres import Databases

KEEPER = "keeper of the tests"
"""How the one connection is named that stays open while a test has the database."""

LEAVING_SECONDS = 1.0
"""So long the server may take to notice that a client has gone."""

BLOATED_BYTES = 256 * 1024
"""What is deleted stays in the file, which every test would read: above this it is cleared up."""

_TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"""
_BLOATED = """
    SELECT oid::regclass::text FROM pg_class
    WHERE oid = ANY(%s::text[]::regclass[]) AND pg_relation_size(oid) > %s"""
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
_MOVED = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value > 0"
_RESTART = """
    SELECT setval(seqrelid, seqstart, false) FROM pg_sequence WHERE seqrelid = '{}'::regclass"""
# Whatever changes a catalogue leaves a younger row in it, or fewer rows.
_STRUCTURE = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), max(xmin::text::bigint) FROM {catalogue}"
    for catalogue in (
        *("pg_class", "pg_attribute", "pg_attrdef", "pg_index", "pg_constraint", "pg_trigger"),
        *("pg_proc", "pg_type", "pg_namespace", "pg_rewrite", "pg_policy", "pg_statistic"),
    )
)


class KeptDatabase:
    """A copy of the template that is lent to one test after the other."""

    def __init__(self, server: Databases, template: str) -> None:
        self._server = server
        self._template = template
        self._copy: _Copy | None = None

    @contextlib.contextmanager
    def lent(self) -> Iterator[str]:
        """The URL of a database that is as the template, and will be again."""
        copy = self._copy = self._copy or _Copy(self._server.create_database(self._template))
        yield copy.url
        if not copy.is_emptied():
            self.close()

    def close(self) -> None:
        """Drop the database."""
        if self._copy is not None:
            self._copy.connection.close()
            self._server.drop_database(self._copy.url)
            self._copy = None


class _Copy:
    """One database, with what it holds when it is empty."""

    def __init__(self, url: str) -> None:
        self.url = url
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.connection = psycopg.connect(plain, autocommit=True, application_name=KEEPER)
        self.connection.execute("SET plan_cache_mode = force_generic_plan")
        self._which_are_filled = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in self._names(_TABLES)
        )
        self._migrated = {table: self._rows(table) for table in self._filled()}
        self._structure = self._asked(_STRUCTURE)

    def is_emptied(self) -> bool:
        """Make it as the template is; False: that needs a fresh copy."""
        try:
            return self._is_alone() and self._is_unchanged() and self._empty()
        except psycopg.Error:  # the server crashed, or forbids us to look away from its triggers
            return False

    def _is_alone(self) -> bool:
        deadline = time.monotonic() + LEAVING_SECONDS
        while self._asked(_OTHERS) != [(0,)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def _is_unchanged(self) -> bool:
        """Whether tables and triggers, and the rows of the migration, are what they were."""
        rows = {table: self._rows(table) for table in self._migrated}
        return self._asked(_STRUCTURE) == self._structure and rows == self._migrated

    def _empty(self) -> bool:
        filled = sorted(self._filled() - self._migrated.keys())
        moved = self._names(_MOVED)
        if filled or moved:
            # All at once, deaf to triggers and foreign keys.
            said = ["SET LOCAL session_replication_role = replica"]
            said += [f"DELETE FROM {table}" for table in filled]
            said += [_RESTART.format(sequence) for sequence in moved]
            self.connection.execute("; ".join(said).encode())
        for (table,) in self.connection.execute(_BLOATED, (filled, BLOATED_BYTES)).fetchall():
            self.connection.execute(f"VACUUM {table}".encode())
        return True

    def _filled(self) -> set[str]:
        """The tables with rows."""
        return set(self._names(self._which_are_filled))

    def _rows(self, table: str) -> list[TupleRow]:
        return self._asked(f"SELECT * FROM {table}")

    def _names(self, statement: str) -> list[str]:
        return [name for (name,) in self._asked(statement)]

    def _asked(self, statement: str) -> list[TupleRow]:
        return self.connection.execute(statement.encode()).fetchall()
