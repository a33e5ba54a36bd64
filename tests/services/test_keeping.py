"""The database that tests use in turn: what one leaves behind, the next does not find."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from rich.console import Console

from app import create_app
from miniprogram_api.core.db import db
from miniprogram_api.demo import seeds
from tests.conftest import TEST_SETTINGS
from tests.services import postgres
from tests.services.keeping import KeptDatabase

Contents = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def kept(postgresql_server: postgres.Databases, postgresql_template: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(postgresql_server, postgresql_template)
    yield kept
    kept.close()


def plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def say(url: str, statement: str) -> None:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute(statement.encode())


def contents(url: str) -> Contents:
    """Every row of every table, and where every sequence stands."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        named = sa.inspect(connection).get_table_names()
        found = {
            name: [tuple(row) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))]
            for name in named
        }
        moved = connection.execute(sa.text("SELECT sequencename, last_value FROM pg_sequences"))
        found["sequences"] = sorted(tuple(row) for row in moved)
    engine.dispose()
    return found


def open_the_demo_shop(url: str) -> None:
    """Fill it with what `make run` shows."""
    app = create_app({**TEST_SETTINGS, "DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1"})
    with app.app_context():
        seeds.run(Console(quiet=True))
        db.session.remove()
        db.engine.dispose()


def test_an_emptied_database_is_as_the_template(
    kept: KeptDatabase, postgresql_template: str
) -> None:
    with kept.lent() as first:
        before = contents(first)
        open_the_demo_shop(first)
        assert sum(bool(rows) for rows in contents(first).values()) > 30
    with kept.lent() as second:
        assert second == first
        assert contents(second) == before == contents(postgresql_template)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE extra (id int)",
        "DROP INDEX ix_job_sweep_at",
        "ALTER TABLE job ADD COLUMN extra int",
        "ALTER TABLE job ALTER COLUMN name SET DEFAULT 'x'",
        "ALTER TABLE job DROP CONSTRAINT ck_job_known_state",
        "DROP TRIGGER ledger_entry_append_only ON ledger_entry",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "UPDATE alembic_version SET version_num = '0000'",
        "DELETE FROM alembic_version",
    ],
)
def test_whoever_changed_the_tables_leaves_the_next_a_fresh_copy(
    kept: KeptDatabase, postgresql_template: str, change: str
) -> None:
    with kept.lent() as first:
        say(first, change)
    with kept.lent() as second:
        assert second != first
        assert contents(second) == contents(postgresql_template)


def test_whoever_stays_connected_leaves_the_next_a_fresh_copy(kept: KeptDatabase) -> None:
    with kept.lent() as first:
        stays = psycopg.connect(plain(first))
        stays.execute("LOCK TABLE job")
    with kept.lent() as second:
        assert second != first
    with pytest.raises(psycopg.OperationalError):
        stays.execute("SELECT 1")
    stays.close()


def test_what_many_tests_deleted_does_not_pile_up(kept: KeptDatabase) -> None:
    write = """INSERT INTO job (name, payload, state, attempts, created_at, due_at, sweep_at)
        SELECT 'x', '{}', 'queued', 0, now(), now(), now() FROM generate_series(1, 9000)"""
    for _ in range(3):
        with kept.lent() as url:
            say(url, write)
    with kept.lent() as url, psycopg.connect(plain(url)) as connection:
        [size] = connection.execute("SELECT pg_relation_size('job')").fetchall()
    assert size == (0,)
