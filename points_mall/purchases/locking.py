"""Locks on purchases that may not exist yet.

A refund may come before its payment, so there may be no row to lock: the keys themselves are
locked, before points accounts and everything else. SQLite has one writer and needs no lock.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from .facts import Key

_LOCK = sa.text(
    "SELECT pg_advisory_xact_lock(number) FROM (SELECT DISTINCT hashtextextended(key, 0) AS number"
    " FROM unnest(CAST(:keys AS TEXT[])) AS key ORDER BY number) AS numbers"
)


def lock_keys(session: Session, keys: Iterable[Key]) -> None:
    """Let nobody else record payments or refunds of these purchases until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        names = sorted({f"purchase:{source}:{external_id}" for source, external_id in keys})
        session.execute(_LOCK, {"keys": names})
