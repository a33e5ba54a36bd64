"""Many rows in one statement: what goes in comes back, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import db, transaction
from miniprogram_api.repeats.models import IdempotencyRecord

TABLE = IdempotencyRecord.__table__
NOW = datetime(2026, 11, 21, 2, 0, 0, 123456, tzinfo=UTC)
AWKWARD = [
    "",
    " ",
    ",",
    "{}",
    '"',
    "\\",
    '\\"',
    "NULL",
    "null",
    "a,b",
    "{a}",
    "积分",
    "'",
    "\n",
    "%s",
]
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)


def row(key: str, body: Any = None) -> dict[str, Any]:
    return {
        "scope": "test",
        "key": key,
        "fingerprint": "f" * 64,
        "status": 201,
        "body": body,
        "created_at": NOW,
    }


def stored() -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(IdempotencyRecord.key)))


def test_awkward_texts_come_back_as_they_went_in(app: Flask) -> None:
    with transaction() as session:
        given = [row(f"{n}", {"text": text}) for n, text in enumerate(AWKWARD)]
        returned = bulk.insert(session, TABLE, given, returning=("key", "body", "created_at"))
    found = {one.key: one for one in returned}
    assert [found[f"{n}"].body for n in range(len(AWKWARD))] == [{"text": text} for text in AWKWARD]
    assert {one.created_at for one in returned} == {NOW}


@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(keys=st.lists(texts, max_size=8, unique=True))
def test_any_texts_are_written_found_and_changed(app: Flask, keys: list[str]) -> None:
    with transaction() as session:
        session.execute(sa.delete(IdempotencyRecord))
        bulk.insert(session, TABLE, [row(key) for key in keys])
        query = sa.select(TABLE.c.key).where(among(TABLE.c.key, "keys"))
        assert set(session.scalars(query, {"keys": keys})) == set(keys)
        changed = [{"key": key, "status": 409} for key in keys]
        hit = bulk.update(session, TABLE, changed, key=("key",))
        assert {one.key for one in hit} == set(keys)
    statuses = db.session.scalars(sa.select(IdempotencyRecord.status)).all()
    assert statuses == [409] * len(keys)


def test_nothing_at_all_is_a_list_too(app: Flask) -> None:
    with transaction() as session:
        query = sa.select(TABLE.c.key).where(among(TABLE.c.key, "keys"))
        assert session.scalars(query, {"keys": []}).all() == []
        assert bulk.insert(session, TABLE, []) == []
        assert bulk.update(session, TABLE, []) == []


def test_what_breaks_a_constraint_is_left_out_and_counted(app: Flask) -> None:
    with transaction() as session:
        bulk.insert(session, TABLE, [row("a")])
        assert bulk.insert_missing(session, TABLE, [row("a"), row("b"), row("c")]) == 2
    assert sorted(stored()) == ["a", "b", "c"]


def test_a_text_too_long_for_its_column_is_refused_and_not_cut(app: Flask) -> None:
    if db.engine.dialect.name == "sqlite":
        return  # SQLite knows no lengths
    with pytest.raises(sa.exc.DataError), transaction() as session:
        bulk.insert(session, TABLE, [row("k" * 300)])
