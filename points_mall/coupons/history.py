"""What happened to coupons, written beside each change and never changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction

from .models import CouponEvent
from .states import Happened

SYSTEM = "system"
events = cast(sa.Table, CouponEvent.__table__)


@dataclass(frozen=True)
class Note:
    """Something that happened to a coupon, for a cause."""

    coupon_id: int
    happened: Happened
    reference: str
    facts: dict[str, Any] | None = None
    actor: str = SYSTEM


def note_all(notes: Iterable[Note]) -> None:
    """Write them into the caller's transaction, in one statement."""
    moment = now()
    rows = [
        {
            "coupon_id": note.coupon_id,
            "happened": note.happened.value,
            "reference": note.reference,
            "facts": note.facts,
            "actor": note.actor,
            "at": moment,
        }
        for note in notes
    ]
    bulk.insert(current_transaction(), events, rows)
