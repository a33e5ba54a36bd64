"""What a list of members shows of each: one query a fact, however long the list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from points_mall.coupons.models import Coupon
from points_mall.coupons.states import State
from points_mall.ledger.models import PointsAccount, PointsLot
from points_mall.tiers.ladder import tier_of_rank
from points_mall.tiers.models import MemberTier
from points_mall.tiers.steps import Tier
from points_mall.wallet.models import WalletAccount

from .models import MemberActivity

accounts = cast(sa.Table, PointsAccount.__table__)
lots = cast(sa.Table, PointsLot.__table__)
coupons = cast(sa.Table, Coupon.__table__)


@dataclass(frozen=True)
class MemberRow:
    """One member in a list.

    :param available_points: what can be spent now, but for holds that end this very minute.
    :param last_at: when the member last did something, a minute or two old; None: nothing is known.
    """

    available_points: int
    held_points: int
    debt_points: int
    tier: Tier
    usable_coupon_count: int
    wallet_fen: int
    last_at: datetime | None


def rows_of(member_ids: Iterable[int]) -> dict[int, MemberRow]:
    """What each of these members has, by id; who has nothing has zeros."""
    wanted = list(member_ids)
    points = {row.member_id: row for row in _all(_ACCOUNTS, wanted)}
    stale = {row.member_id: int(row.points) for row in _all(_STALE, wanted)}
    ranks = {row.member_id: row.rank for row in _all(_RANKS, wanted)}
    usable = {row.member_id: row.usable for row in _all(_COUPONS, wanted)}
    money = {row.member_id: row.balance_fen for row in _all(_WALLETS, wanted)}
    seen = {row.member_id: row.last_at for row in _all(_SEEN, wanted)}
    return {
        one: MemberRow(
            **_points(points.get(one), stale.get(one, 0)),
            tier=tier_of_rank(ranks.get(one, 0)),
            usable_coupon_count=usable.get(one, 0),
            wallet_fen=money.get(one, 0),
            last_at=seen.get(one),
        )
        for one in wanted
    }


def _all(query: sa.Select[*tuple[Any, ...]], member_ids: list[int]) -> Sequence[Any]:
    return db.session.execute(query, {"members": member_ids, "moment": now()}).all()


def _points(account: Any, stale: int) -> dict[str, int]:
    if account is None:
        return {"available_points": 0, "held_points": 0, "debt_points": 0}
    return {
        "available_points": max(0, account.available - stale - account.debt),
        "held_points": account.held,
        "debt_points": account.debt,
    }


_MOMENT = sa.bindparam("moment", type_=lots.c.expires_at.type)
_ACCOUNTS = sa.select(
    accounts.c.member_id, accounts.c.available, accounts.c.held, accounts.c.debt
).where(among(accounts.c.member_id, "members"))
_STALE = (  # past their expiry, and not taken by the night's job yet
    sa.select(accounts.c.member_id, sa.func.sum(lots.c.remaining - lots.c.held).label("points"))
    .join(lots, lots.c.account_id == accounts.c.id)
    .where(
        among(accounts.c.member_id, "members"),
        lots.c.remaining > 0,
        lots.c.expires_at <= _MOMENT,
    )
    .group_by(accounts.c.member_id)
)
_RANKS = sa.select(MemberTier.member_id, MemberTier.rank).where(
    among(MemberTier.member_id, "members")
)
_COUPONS = (
    sa.select(coupons.c.member_id, sa.func.count().label("usable"))
    .where(
        among(coupons.c.member_id, "members"),
        coupons.c.state == State.UNUSED,
        coupons.c.valid_from <= _MOMENT,
        coupons.c.valid_until > _MOMENT,
    )
    .group_by(coupons.c.member_id)
)
_WALLETS = sa.select(
    WalletAccount.member_id,
    (WalletAccount.principal_fen + WalletAccount.bonus_fen).label("balance_fen"),
).where(among(WalletAccount.member_id, "members"))
_SEEN = sa.select(MemberActivity.member_id, MemberActivity.last_at).where(
    among(MemberActivity.member_id, "members")
)
