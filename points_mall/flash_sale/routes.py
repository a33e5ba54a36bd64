"""Flash-sale endpoints: what is on, and claiming."""

from typing import Any

from flask import Response, jsonify

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, keeps_own_record, told
from points_mall.ledger.errors import InsufficientPoints
from points_mall.redemption.errors import DeliveryNeeded
from points_mall.stock.errors import AllowanceUsed, Blocked, Ended, NotStarted, SoldOut
from points_mall.tiers.errors import TierTooLow

from . import schemas, shown
from .claiming import claim_item
from .errors import NoSuchItem, NoSuchSale

blp = Blueprint(
    "flash_sales",
    url_prefix="/api/v1/flash-sales",
    title="积分秒杀 Flash sales",
    description="限时限量的积分抢购 · few things, many members, one moment",
)


@blp.get("")
@public
@blp.response(200, schemas.SalesSchema)
def list_sales() -> Response:
    """秒杀场次 · What is on

    进行中、七天内将开始、一天内已结束的场次。`server_time` 供倒计时使用，剩余数量可能晚一秒。 Sales
    running, coming within seven days, over within the last one; `server_time` drives countdowns.
    """
    return jsonify(shown.shown_sales())


@blp.get("/<id:sale_id>")
@public
@blp.problems(NoSuchSale)
@blp.response(200, schemas.SaleAloneSchema)
def show_sale(sale_id: int) -> Response:
    """一个场次 · One sale"""
    return jsonify(shown.shown_sale(sale_id))


@blp.post("/<id:sale_id>/claims")
@for_member(keeps_own_pace=True)
@blp.problems(NoSuchSale, NoSuchItem, NotStarted, Ended, SoldOut, AllowanceUsed, Blocked)
@blp.problems(InsufficientPoints, TierTooLow, DeliveryNeeded)
@blp.arguments(schemas.ClaimSchema)
@blp.response(201, schemas.ClaimedSchema)
@keeps_own_record
def claim(given: dict[str, Any], sale_id: int) -> Response:
    """抢 · Claim one

    成功即下单并扣积分；失败说明原因，什么都不动。重试请使用同一个 `Idempotency-Key`，绝不会多扣。
    A claim that is won is an order, paid; one that is refused says why and moves nothing. Repeat with
    the same `Idempotency-Key`: it is never paid twice.
    """
    placed = claim_item(
        current_member_id(), sale_id, given["item_id"], claim_of_request(), given.get("delivery")
    )
    return told(placed.answer, is_repeat=placed.is_repeat)
