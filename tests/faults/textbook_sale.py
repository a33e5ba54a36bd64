"""A flash sale as many tutorials write it, for comparison: Redis counts down, the database writes down.

Its orders are paid and stored in one transaction, under one key each, like ours. Only nobody but Redis
knows how many there may be.
"""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, jsonify, request

import app as shop
from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.core.redis import redis_client, redis_errors
from miniprogram_api.http.idempotency import claim_of_request
from points_mall.flash_sale.sales import sale_of
from points_mall.ledger import posting
from points_mall.redemption import placing
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.placing import Placement
from points_mall.redemption.reasons import FLASH_SALE
from points_mall.stock.errors import SoldOut

COUNTER = "textbook:{item}"
CLAIMS = "/textbook/{sale}/claims"

blp = Blueprint("textbook", __name__)


def create_app() -> Flask:
    """The shop, and beside it the textbook's way to buy."""
    app = shop.create_app()
    app.register_blueprint(blp)
    return app


@blp.post("/textbook/<int:sale_id>/claims")
@for_member(keeps_own_pace=True)
def claim(sale_id: int) -> tuple[Response, int]:
    item = sale_of(sale_id).item(int((request.get_json())["item_id"]))
    asked = claim_of_request()
    placement = Placement(current_member_id(), asked, item.offer)
    with redis_errors():
        if redis_client().decr(COUNTER.format(item=item.id)) < 0:
            raise SoldOut
    return jsonify(_write(placement)), 201


def _write(placement: Placement) -> dict[str, Any]:
    number, offer = placement.order_no, placement.offer
    row = placing._row(placement, now())
    with transaction() as session:
        posting.debit(
            placement.member_id, offer.points, reason=FLASH_SALE, reference=f"order:{number}"
        )
        if session.scalar(sa.select(RedemptionOrder.id).filter_by(order_no=number)) is None:
            session.add(RedemptionOrder(**row))
    return offer.describe(row, 0)
