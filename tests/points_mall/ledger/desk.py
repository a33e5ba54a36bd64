"""Managers who adjust points without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask, g

from miniprogram_api.core.db import db
from points_mall.ledger.models import AdjustmentRequest, LedgerEntry
from points_mall.ledger.statements import balances


@contextmanager
def acting(app: Flask, username: str) -> Iterator[None]:
    """Within a call of somebody's."""
    with app.test_request_context():
        g.staff_username = username
        yield


def available(member_id: int) -> int:
    db.session.rollback()
    return balances(member_id)["available"]


def requests() -> list[tuple[Any, ...]]:
    """State, points, who asked and who decided, the first one first."""
    db.session.rollback()
    rows = db.session.scalars(sa.select(AdjustmentRequest).order_by(AdjustmentRequest.id))
    return [(row.state, row.points, row.asked_by, row.decided_by) for row in rows]


def adjustments() -> list[tuple[int, str, Any]]:
    """What was posted by hand: points, actor, explanation."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(LedgerEntry).filter_by(reason="adjustment").order_by(LedgerEntry.id)
    )
    return [(row.points, row.actor, row.explanation) for row in rows]
