"""The shop's days in SQL, so that the database groups by them.

PostgreSQL knows time zones; SQLite asks us, once a row.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from miniprogram_api.core.clock import shop_zone

NEVER_ON = date(9999, 12, 31)
"""The last day of what never expires."""


class _ShopDay(FunctionElement[date]):
    type = sa.Date()
    inherit_cache = True


def shop_day(moment: Any) -> sa.ColumnElement[date]:
    """The shop's calendar day of a moment; within a session that `knows_days` was told of."""
    return _ShopDay(
        moment, sa.literal(shop_zone().key, literal_execute=True)
    )  # the same in GROUP BY


def last_day(expires_at: Any) -> sa.ColumnElement[date]:
    """The last day on which points can be spent that expire at a moment, or never."""
    just_before = _MomentBefore(expires_at)
    return sa.func.coalesce(
        shop_day(just_before), sa.literal(NEVER_ON, sa.Date(), literal_execute=True)
    )


def knows_days(session: Session) -> None:
    """Teach the session's connection the shop's days, where the database does not know them."""
    if session.get_bind().dialect.name == "sqlite":
        driver = session.connection().connection.driver_connection
        assert driver is not None  # noqa: S101 - a connection that is in use has one
        driver.create_function("shop_day", 2, _day_of, deterministic=True)
        driver.create_function("moment_before", 1, _before, deterministic=True)


class _MomentBefore(FunctionElement[datetime]):
    type = sa.DateTime()
    inherit_cache = True


@compiles(_ShopDay)
def _asked_of_us(element: _ShopDay, compiler: SQLCompiler, **options: Any) -> str:
    return f"shop_day({compiler.process(element.clauses, **options)})"


@compiles(_ShopDay, "postgresql")
def _by_time_zone(element: _ShopDay, compiler: SQLCompiler, **options: Any) -> str:
    moment, zone = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(timezone(CAST({zone} AS TEXT), {moment}) AS DATE)"


@compiles(_MomentBefore)
def _before_by_us(element: _MomentBefore, compiler: SQLCompiler, **options: Any) -> str:
    return f"moment_before({compiler.process(element.clauses, **options)})"


@compiles(_MomentBefore, "postgresql")
def _before_by_interval(element: _MomentBefore, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} - interval '1 microsecond')"


def _day_of(moment: str | None, zone: str) -> str | None:
    if moment is None:
        return None
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return at.astimezone(_zone(zone)).date().isoformat()


def _before(moment: str | None) -> str | None:
    if moment is None:
        return None
    return (datetime.fromisoformat(moment) - timedelta(microseconds=1)).isoformat(" ")


@lru_cache
def _zone(key: str) -> ZoneInfo:
    return ZoneInfo(key)
