"""Is the process alive, and may it be sent requests?"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import redis
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import current_app
from marshmallow import fields

from miniprogram_api.core.db import db
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.redis import RedisAway, redis_client, redis_errors

from .api import Blueprint
from .schemas import Schema

blp = Blueprint(
    "operations",
    title="运维 Operations",
    description="给运行商城的人 · For those who run the shop",
)


_REVISIONS = sa.text("SELECT version_num FROM alembic_version")


class HealthSchema(Schema):
    """All is well."""

    status = fields.String(required=True, metadata={"enum": ["ok"]})


class NotReady(Unavailable):
    """Something that every request needs is away; `failures` names it."""

    code = "not_ready"
    title_zh = "服务尚未就绪"
    title_en = "Not ready to serve"


class _Behind(Exception):
    """The database lacks a migration that this code needs."""


@blp.get("/healthz")
@blp.response(200, HealthSchema)
def alive() -> dict[str, str]:
    """进程是否存活 · Is the process alive?

    Looks at nothing else: restarting a process does not bring a database back.
    """
    return {"status": "ok"}


@blp.get("/readyz")
@blp.problems(NotReady)
@blp.response(200, HealthSchema)
def ready() -> dict[str, str]:
    """能否接收请求 · May requests be sent here?

    The database answers, Redis answers, and every migration has been run.
    """
    checks = {"database": _database, "redis": _redis, "migrations": _migrations}
    failures = {name: why for name, check in checks.items() if (why := _failure(check))}
    if failures:
        raise NotReady(f"away: {', '.join(failures)}", retry_after_seconds=5, failures=failures)
    return {"status": "ok"}


def _failure(check: Callable[[], None]) -> str:
    """What is wrong, in words that give no address away; empty when all is well."""
    try:
        check()
    except _Behind as error:
        return str(error)
    except (sa.exc.SQLAlchemyError, RedisAway, redis.RedisError) as error:
        db.session.rollback()
        return type(error).__name__
    return ""


def _database() -> None:
    db.session.execute(sa.text("SELECT 1"))


def _redis() -> None:
    with redis_errors():
        redis_client().ping()


def _migrations() -> None:
    if not migrations_are_run():
        raise _Behind("run `flask db upgrade`")


def migrations_are_run() -> bool:
    """Whether the database has every migration that this code brings along."""
    wanted = _heads(Path(current_app.root_path) / "migrations")
    return not wanted or set(db.session.scalars(_REVISIONS)) == wanted


@cache
def _heads(folder: Path) -> set[str]:
    """The newest migrations that this code brings along."""
    return set(ScriptDirectory(str(folder)).get_heads()) if folder.is_dir() else set()


for _view in (alive, ready):
    _view.guard = "public"  # type: ignore[attr-defined]
