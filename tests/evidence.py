"""What is in the database, in one word: equal before and after says that nothing moved."""

import functools
import hashlib

from miniprogram_api.core.db import Base, db


def database_fingerprint() -> str:
    """A hash over every row of every table."""
    db.session.rollback()
    found = hashlib.sha256()
    connection = db.session.connection()
    for (table,) in connection.exec_driver_sql(_which_are_filled()).all():
        rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
        found.update(f"{table} {sorted(map(repr, rows))}\n".encode())
    db.session.rollback()
    return found.hexdigest()


@functools.cache
def _which_are_filled() -> str:
    """Asks for the tables with rows: most are empty, and to read each of them takes long."""
    names = sorted(table.name for table in Base.metadata.sorted_tables)
    asked = (f"SELECT '{name}' AS name WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)
    return f"SELECT name FROM ({' UNION ALL '.join(asked)}) AS filled ORDER BY name"
