"""How Alembic reaches the shop's tables; `flask db …` runs it inside an application."""

from alembic import context
from flask import current_app

from miniprogram_api.core.db import Base

database = current_app.extensions["migrate"].db


def run() -> None:
    """Migrate online, one transaction a revision; SQLite changes tables by copying them."""
    with database.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
