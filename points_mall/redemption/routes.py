"""Order endpoints."""

from typing import Any

import sqlalchemy as sa
from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.errors import DomainError, SlowDown
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, idempotent, keeps_own_record, told
from miniprogram_api.repeats.records import Claim, Told, recall
from points_mall.catalogue.errors import ChooseVariant, NoSuchReward
from points_mall.ledger.errors import InsufficientPoints
from points_mall.stock.errors import AllowanceUsed, Blocked, Ended, NotStarted, SoldOut
from points_mall.tiers.errors import TierTooLow

from . import services
from .answers import told_in_full, told_order, told_orders
from .errors import DeliveryNeeded, NoSuchOrder, NotCancellable, StepNotAllowed
from .models import RedemptionOrder
from .ordering import placement
from .orders import order_of, orders_of
from .placing import place
from .schemas import OrderDetailSchema, OrderMovedSchema, OrderSchema, RedemptionSchema

blp = Blueprint(
    "redemptions",
    url_prefix="/api/v1/redemptions",
    title="积分兑换 Redemptions",
    description="用积分兑换商品，查看与取消订单 · orders paid in points",
)


@blp.post("")
@for_member(keeps_own_pace=True)
@blp.problems(NoSuchReward, ChooseVariant, DeliveryNeeded, TierTooLow)
@blp.problems(NotStarted, Ended, SoldOut, AllowanceUsed, Blocked, InsufficientPoints)
@blp.arguments(RedemptionSchema)
@blp.response(201, OrderMovedSchema)
@keeps_own_record
def redeem(asked: dict[str, Any]) -> Response:
    """兑换 · Redeem

    积分立即扣除；需另付现金的先冻结积分，在 `pay_by` 之前支付。邮寄商品须填 `delivery`。 Points are spent
    at once; where cash is owed too they are held until `pay_by`. What is sent by post needs `delivery`.
    """
    placed = _place(claim_of_request(), asked)
    return told(placed.answer, is_repeat=placed.is_repeat)


def _place(claim: Claim, asked: dict[str, Any]) -> Told:
    """Place it; a repeat hears its first answer even where it would be refused today.

    Who is turned away because nothing is left, or for asking too fast, is not looked up: that is the
    crowd, and the gate knows who among it holds units.
    """
    try:
        return place(placement(current_member_id(), claim, asked))
    except (SoldOut, SlowDown):
        raise
    except DomainError:
        if (first := recall(claim)) is None:
            raise
        return Told(first, is_repeat=True)


@blp.get("")
@for_member
@blp.paged(OrderSchema, RedemptionOrder.id, show=told_orders)
def orders() -> sa.Select[*tuple[Any, ...]]:
    """我的兑换订单 · My orders

    最新的在前；收货地址只在详情中显示。 Newest first; the address is shown with the single order alone.
    """
    return orders_of(current_member_id())


@blp.get("/<no:order_no>")
@for_member
@blp.problems(NoSuchOrder)
@blp.response(200, OrderDetailSchema)
def order(order_no: str) -> dict[str, Any]:
    """订单详情 · One order"""
    return told_in_full(order_of(current_member_id(), order_no))


@blp.post("/<no:order_no>/cancel")
@for_member
@blp.problems(NoSuchOrder, NotCancellable, StepNotAllowed)
@idempotent
@blp.response(200, OrderMovedSchema)
def cancel(order_no: str) -> dict[str, Any]:
    """取消订单 · Cancel

    发货或核销之前可取消；积分退回原批次，有效期不变。 Before it is shipped or collected; the points go
    back where they came from, with the expiry that they had.
    """
    available = services.cancel(current_member_id(), order_no)
    shown = told_order(order_of(current_member_id(), order_no))
    return {**shown, "points_available": available}
