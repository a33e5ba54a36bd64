"""The database: one declarative base, one session, one place that commits."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, registry

from . import sqlite
from .errors import Unavailable
from .settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant, stored in UTC. Naive datetimes are refused at the door."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes; store UTC."""
        if value is not None and value.tzinfo is None:
            raise TypeError(f"naive datetime {value!r}: say which instant you mean")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware datetimes; SQLite forgets the zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def canonical_json(value: object) -> str:
    """The one spelling of a JSON value that we store, compare and hash."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class Json(sa.TypeDecorator[Any]):
    """A JSON value kept as its canonical text, so that every database gives back what was hashed."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Store the canonical text."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Read it back."""
        return None if value is None else json.loads(value)


BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers INTEGER keys by itself


class Base(DeclarativeBase):
    """Every table's parent. Tables name themselves; constraints are named by rule."""

    registry = registry(
        type_annotation_map={datetime: UtcDateTime, int: sa.BigInteger(), dict[str, Any]: Json},
        metadata=sa.MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate(render_as_batch=True, compare_type=True)


def init_db(app: Flask, settings: Settings) -> None:
    """Connect the application to its database."""
    url = settings.database_url or f"sqlite:///{Path(app.instance_path) / 'mall.db'}"
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(url, settings)
    db.init_app(app)
    app.teardown_appcontext(_let_go)
    migrate.init_app(app, db)
    with app.app_context():
        sa.event.listen(db.engine, "handle_error", _hide_values)
        if db.engine.dialect.name == "sqlite":
            sqlite.prepare(db.engine)


def _engine_options(url: str, settings: Settings) -> dict[str, Any]:
    # An error's text must not show what was written: it ends in a log.
    private = {"hide_parameters": True}
    if url.startswith("sqlite"):
        return private | {"connect_args": {"timeout": 5}}
    limits = {  # milliseconds; a stuck statement must not hold a worker
        "statement_timeout": 3000,
        "lock_timeout": 2000,
        "idle_in_transaction_session_timeout": 10000,
    }
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    return private | {
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        "pool_timeout": 2,
        "pool_pre_ping": True,
        # the server's own limits do not reach us through a network that swallows packets
        "connect_args": {"options": options, "connect_timeout": 3, "tcp_user_timeout": 10000},
    }


def _let_go(_error: BaseException | None) -> None:
    """Give the connection back. If it was cut meanwhile it is gone anyway, and the answer stands."""
    try:
        db.session.remove()
    except sa.exc.DBAPIError:
        db.session().invalidate()
        db.session.remove()


def _hide_values(context: sa.engine.ExceptionContext) -> None:
    """Keep the first line of an error: PostgreSQL's further ones show the row that was refused."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


class CommitUnknown(Unavailable):
    """The connection was lost during the commit: it may have taken effect, or not.

    A repeat with the same references finds out.
    """


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit on the way out, roll back on any error; a nested block joins the outer one.

    Reads made before the block are over: what it needs, it reads again under its own locks.
    Work handed to `after_commit` runs once the outermost block has committed.
    """
    session = db.session()
    if in_transaction():
        yield session
        return
    session.rollback()  # reads made before the block must not pin an old snapshot
    callbacks: list[Callable[[], object]] = []
    session.info["after_commit"] = callbacks
    try:
        session.connection(execution_options={"writes": True})
        yield session
        _commit(session)
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.info["after_commit"]
    for callback in callbacks:
        callback()


def _commit(session: Session) -> None:
    try:
        session.commit()
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:  # the answer to COMMIT was lost, not refused
            raise CommitUnknown("the database did not answer the commit") from error
        raise


def in_transaction() -> bool:
    """Whether a `transaction()` block is open around us."""
    return "after_commit" in db.session().info


def current_transaction() -> Session:
    """The session of the transaction we are inside; an operation that writes must be in one."""
    if not in_transaction():
        raise RuntimeError("write inside `with transaction():`")
    return db.session()


def after_commit(callback: Callable[[], object]) -> None:
    """Run `callback` when the current transaction has committed, and only then.

    For what may be lost: what must follow is written in the transaction itself.
    """
    current_transaction().info["after_commit"].append(callback)


def unhurried(session: Session) -> None:
    """Let this transaction take longer than a request's may, over its statements and between them:
    for jobs and audits that read whole tables.
    """
    if session.get_bind().dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            session.execute(sa.text(f"SET LOCAL {limit} = 0"))


# Serialisation failure, deadlock, lock timeout, a transaction that idled too long on a starved machine.
_RETRIED_STATES = {"40001", "40P01", "55P03", "25P03"}
_ATTEMPTS = 3


def retrying(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that is one whole transaction again when the database asks for it.

    Deadlocks, serialisation failures and these time-outs roll everything back, so a repeat is
    safe; inside an open transaction only the outermost call may repeat.

    :raises Unavailable: it was in vain three times.
    """

    @wraps(function)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        if in_transaction():
            return function(*args, **kwargs)
        for turn in range(_ATTEMPTS):
            try:
                return function(*args, **kwargs)
            except sa.exc.DBAPIError as error:
                if not _worth_a_repeat(error):
                    raise
            time.sleep(random.uniform(0, 0.02 * 2**turn))  # noqa: S311 - jitter, not a secret
        raise Unavailable("the database is contended")

    return attempt


def _worth_a_repeat(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _RETRIED_STATES
