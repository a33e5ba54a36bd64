"""Wallet endpoints."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint

from . import plans, statements
from .figures import Figures
from .models import WalletEntry, WalletPlan
from .schemas import WalletEntrySchema, WalletPlansSchema, WalletSchema

blp = Blueprint(
    "wallet",
    url_prefix="/api/v1/wallet",
    description="储值与返现 · stored value and cashback, in fen",
    title="钱包 Wallet",
)


@blp.get("")
@for_member
@blp.response(200, WalletSchema)
def wallet() -> Figures:
    """我的钱包 · My wallet

    本金由会员充值，赠送金来自商家；支付时先用赠送金。余额与积分互不相通，不可提现。
    The principal was paid in, the bonus given; paying takes the bonus first. Neither has anything to
    do with points, and no call takes money out.
    """
    return statements.figures_of(current_member_id())


@blp.get("/entries")
@for_member
@blp.paged(WalletEntrySchema, WalletEntry.seq)
def entries() -> sa.Select[*tuple[Any, ...]]:
    """钱包明细 · Every movement of my wallet, newest first

    明细一经写入不再改变。 An entry is never changed; what undoes it is an entry of its own.
    """
    return statements.entries_of(current_member_id())


@blp.get("/plans")
@public
@blp.response(200, WalletPlansSchema)
def list_plans() -> dict[str, list[WalletPlan]]:
    """储值方案 · The plans to top up with

    用 `POST /purchases {"plan"}` 购买。 Buy one with `POST /purchases {"plan"}`.
    """
    return {"items": plans.plans_of_the_shop()}
