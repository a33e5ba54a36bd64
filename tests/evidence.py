"""What is in the database, in one word: equal before and after says that nothing moved."""

import hashlib

import sqlalchemy as sa

from miniprogram_api.core.db import Base, db


def database_fingerprint() -> str:
    """A hash over every row of every table."""
    db.session.rollback()
    found = hashlib.sha256()
    for table in Base.metadata.sorted_tables:
        rows = db.session.execute(sa.select(table)).all()
        found.update(f"{table.name} {sorted(map(repr, rows))}\n".encode())
    db.session.rollback()
    return found.hexdigest()
