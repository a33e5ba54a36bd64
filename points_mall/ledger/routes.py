"""Points endpoints."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.http.api import Blueprint

from . import statements
from .models import LedgerEntry
from .schemas import EntrySchema, PointsAccountSchema

blp = Blueprint(
    "points",
    url_prefix="/api/v1/points",
    description="积分与明细 · points and their statement",
    title="积分 Points",
)


@blp.get("")
@for_member
@blp.response(200, PointsAccountSchema)
def points() -> statements.Summary:
    """What the member has, and what expires when

    Points past their expiry are left out at once. `expiring` and `maturing` list the next dates.
    """
    return statements.summary(current_member_id())


@blp.get("/entries")
@for_member
@blp.paged(EntrySchema, LedgerEntry.seq)
def entries() -> sa.Select[*tuple[Any, ...]]:
    """Every movement of the member's points, newest first

    An entry is never changed; `explanation` tells which rule gave or took the points.
    """
    return statements.entries_of(current_member_id())
