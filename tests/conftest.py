"""What every test may ask for: an empty database, a Redis, the application, a closed network.

A test that takes `app` (or `client`, or `database`) runs once on SQLite and once on PostgreSQL;
`--database=sqlite` narrows that. A test that takes neither runs once.

The tables come from the migration. While a migration is still to be written,
`MALL_TEST_CREATE_ALL=1` makes them from the models instead.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import stamp, upgrade

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, in_transaction
from miniprogram_api.core.redis import connect
from tests.services import postgres, valkey, wechat
from tests.services.keeping import KeptDatabase
from tests.services.late_urls import LateRule
from tests.services.network import close_network
from tests.services.thrift import make_thrifty, share_compiled_sql

DATABASES = ("sqlite", "postgresql")
LONG = ("slow", "browser")

TEST_SETTINGS: dict[str, object] = {
    "TESTING": True,
    "ENVIRONMENT": "test",
    "SECRET_KEYS": "a signing key that only the tests know, 1",
    "FIELD_KEYS": "t1:" + "VGVzdHNUZXN0c1Rlc3RzVGVzdHNUZXN0c1Rlc3RzMDE=",
    "INDEX_KEY": "SW5kZXhJbmRleEluZGV4SW5kZXhJbmRleEluZGV4MDE=",
    "METRICS_TOKEN": "a metrics token of the tests",
    "WX_APPID": "wx0000000000000001",
    "WX_SECRET": "the app secret of the tests",
    "BROKER_URL": "",
    "SHOP_TIME_ZONE": "Asia/Shanghai",
}


def pytest_configure() -> None:
    close_network()
    Flask.url_rule_class = LateRule
    share_compiled_sql()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=DATABASES, action="append", help="run on this database only"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    marks = metafunc.definition.iter_markers("parametrize")
    if any("database" in str(mark.args[0]).split(",") for mark in marks):
        return  # the test chose for itself
    chosen = metafunc.config.getoption("--database") or DATABASES
    metafunc.parametrize("database", chosen, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with long tests come first: what is left at the end can be shared out in small pieces."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)


# ------------------------------------------------------------------ servers, one a session


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a private Redis on a unix socket; no port, no shared state."""
    with valkey.running() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgres.Databases]:
    """A private PostgreSQL server on a unix socket."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def simulator() -> Iterator[wechat.Simulator]:
    """A fresh WeChat; an `app` that is to speak to it takes its address from `app_settings`."""
    with wechat.running(str(TEST_SETTINGS["WX_APPID"]), str(TEST_SETTINGS["WX_SECRET"])) as running:
        yield running


# ------------------------------------------------------------------ a database for each test


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, made once and copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: postgres.Databases) -> str:
    """The URL of a PostgreSQL database with our tables, made once."""
    url = postgresql_server.create_database()
    _make_tables(url)
    return url


@pytest.fixture(scope="session")
def postgresql_database(
    postgresql_server: postgres.Databases, postgresql_template: str
) -> Iterator[KeptDatabase]:
    """The one copy of the template that the tests use in turn."""
    kept = KeptDatabase(postgresql_server, postgresql_template)
    yield kept
    kept.close()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh database with our tables."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "mall.db")
        yield f"sqlite:///{tmp_path / 'mall.db'}"
        return
    kept: KeptDatabase = request.getfixturevalue("postgresql_database")
    with kept.lent() as url:
        yield url


def _make_tables(url: str) -> None:
    app = create_app({**TEST_SETTINGS, "DATABASE_URL": url})
    with app.app_context():
        migrations = str(Path(app.root_path) / "migrations")
        if os.environ.get("MALL_TEST_CREATE_ALL"):
            db.create_all()
            stamp(migrations)
        else:
            upgrade(migrations)
        db.session.remove()
        db.engine.dispose()


# ------------------------------------------------------------------ the application


@pytest.fixture
def app_settings() -> dict[str, object]:
    """Settings that a test module overrides for its `app`."""
    return {}


@pytest.fixture
def app(
    database: str, redis_server: str, app_settings: dict[str, object], tmp_path: Path
) -> Iterator[Flask]:
    """The application on a fresh database, with its context pushed."""
    with opened(database, redis_server, app_settings, tmp_path) as app:
        yield app


@contextlib.contextmanager
def opened(
    database: str, redis_server: str, settings: Mapping[str, object], folder: Path
) -> Iterator[Flask]:
    """The application, with its context pushed; for a test, or for all tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MALL_INSTANCE", str(folder / "instance"))
        urls = {"DATABASE_URL": database, "REDIS_URL": redis_server}
        app = create_app({**TEST_SETTINGS, **urls, **settings})
        with app.app_context():
            make_thrifty(db.engine)
            yield app
            revocation.stop(app)
            left_open = in_transaction()
            db.session.remove()
            leaked = db.engine.pool.checkedout()  # type: ignore[attr-defined]
            db.engine.dispose()
    with connect(redis_server) as client:
        client.flushall()
    app.extensions["redis_client"].close()
    assert not left_open, "the test left a transaction open"
    assert leaked == 0, f"{leaked} database connections were never given back"


@pytest.fixture(scope="session")
def open_mall(
    sqlite_template: Path, redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[Flask]]:
    """Opens the application on SQLite for tests that only look, and so may share it."""

    def opening(**settings: object) -> AbstractContextManager[Flask]:
        folder = tmp_path_factory.mktemp("mall")
        shutil.copy(sqlite_template, folder / "mall.db")
        return opened(f"sqlite:///{folder / 'mall.db'}", redis_server, settings, folder)

    return opening


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that speaks to the application without a wire."""
    return app.test_client()


@pytest.fixture(autouse=True)
def _running_clock() -> Iterator[None]:
    """Time flows again after each test."""
    yield
    clock.reset()
