"""The migrations make the tables that the models describe, and their guards."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from miniprogram_api.core.db import Base, db


def test_migrated_tables_are_those_of_the_models(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_append_only_tables_are_guarded_by_the_migration(app: Flask) -> None:
    guarded = {
        table.name for table in Base.metadata.tables.values() if table.info.get("append_only")
    }
    if db.engine.dialect.name == "sqlite":
        query = "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT DISTINCT event_object_table FROM information_schema.triggers"
    assert set(db.session.scalars(sa.text(query))) == guarded
    assert {"ledger_entry", "lot_draw"} <= guarded
