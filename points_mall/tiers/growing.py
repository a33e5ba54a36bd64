"""Growth: what members' purchases add to it, and what refunds take back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction

from .models import TierGrowth
from .settling import Cause, lock, settle
from .standing import Why

growth = cast(sa.Table, TierGrowth.__table__)


@dataclass(frozen=True)
class Growth:
    """What one purchase adds to a member's growth, or one refund takes back of it (below zero).

    :param points: what the purchase earned.
    :param occurred_at: when the purchase was made, for its refunds too, so that what they take back
        leaves the window together with what it belongs to.
    :param reference: of the purchase or refund; a repeat adds nothing.
    """

    member_id: int
    amount_fen: int
    purchases: int
    points: int
    occurred_at: datetime
    reference: str

    @property
    def takes_back(self) -> bool:
        """Whether a refund stands behind it."""
        return self.amount_fen < 0 or self.purchases < 0 or self.points < 0


def grow(growths: Sequence[Growth]) -> None:
    """Write growth down, once for its reference, and let its members rise or fall at once.

    In the caller's transaction, in a constant number of statements; the members' accounts are
    locked. Where members stand follows from all growth, by the moments at which it occurred, so the
    order in which purchases and refunds become known makes no difference.
    """
    if not growths:
        return
    session = current_transaction()
    lock(one.member_id for one in growths)
    moment = now()
    bulk.insert_missing(session, growth, [_row(one, moment) for one in growths])
    settle(_causes(growths))


def _causes(growths: Sequence[Growth]) -> dict[int, Cause]:
    """By member: a refund where there is one among them, else the last purchase."""
    causes: dict[int, Cause] = {}
    for one in sorted(growths, key=lambda one: one.takes_back):
        why = Why.REFUND if one.takes_back else Why.PURCHASE
        causes[one.member_id] = Cause(why, one.reference)
    return causes


def _row(one: Growth, moment: datetime) -> dict[str, Any]:
    return dict(vars(one)) | {"recorded_at": moment}
