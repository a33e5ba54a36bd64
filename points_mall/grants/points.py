"""Points as a grant: a credit to the ledger that expires at the end of a day of the shop."""

from collections.abc import Iterable, Sequence
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from points_mall.ledger import posting
from points_mall.ledger.models import PointsAccount, PointsLot
from points_mall.ledger.movements import Credit, Posted
from points_mall.ledger.validity import expiry_of_points

from .kinds import Grant, Granted, GrantKind, check_amount, register
from .rewards import POINTS, Reward

MOST_POINTS = 1_000_000

accounts = cast(sa.Table, PointsAccount.__table__)
lots = cast(sa.Table, PointsLot.__table__)

_IS_STALE = sa.and_(
    lots.c.account_id == accounts.c.id,
    lots.c.remaining > 0,
    lots.c.expires_at <= sa.bindparam("moment", type_=lots.c.expires_at.type),
)
_AVAILABLE = (
    sa.select(
        accounts.c.member_id,
        accounts.c.available,
        sa.func.coalesce(sa.func.sum(lots.c.remaining - lots.c.held), 0).label("stale"),
    )
    .outerjoin(lots, _IS_STALE)
    .where(among(accounts.c.member_id, "members"))
    .group_by(accounts.c.member_id, accounts.c.available)
)


def give_points(grants: Sequence[Grant]) -> list[Granted]:
    """Credit all of them in one posting."""
    otherwise = expiry_of_points(clock.now())
    movements = [
        Credit(
            grant.member_id,
            grant.amount,
            grant.reason,
            grant.reference,
            expires_at=grant.expires_at or otherwise,
            explanation=grant.explanation,
        )
        for grant in grants
    ]
    return [_granted(answer) for answer in posting.post(movements)]


def available_points(member_ids: Iterable[int]) -> dict[int, int]:
    """What members can spend now, for those to whom no points were granted, in one statement."""
    parameters = {"members": sorted(set(member_ids)), "moment": clock.now()}
    rows = current_transaction().execute(_AVAILABLE, parameters)
    return {row.member_id: row.available - int(row.stale) for row in rows}


def _granted(answer: Posted | DomainError) -> Granted:
    if isinstance(answer, DomainError):
        raise answer  # a promised amount is never refused; whatever this is must end it all
    return Granted({"points": answer.points}, answer.available)


def _check(reward: Reward) -> None:
    check_amount(reward, MOST_POINTS)


register(GrantKind(POINTS, "积分", "Points", give_points, _check))
