"""What a shop tells WeChat of goods on their way (小程序发货信息管理), without which money is frozen."""

from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify

from .gate import Refused, with_token
from .open_platform import blueprint
from .pay_rules import seconds_of
from .pay_world import Order
from .world import world

EXPRESS, CITY, VIRTUAL, PICKUP = 1, 2, 3, 4
MOST_PARCELS = 15


@blueprint.post("/wxa/sec/order/upload_shipping_info")
@with_token
def upload_shipping_info(body: Mapping[str, Any]) -> Response:
    """Hear that an order is on its way, or was handed over."""
    order = _order(body.get("order_key"))
    if order is None or order.transaction_id is None:
        raise Refused(10060001, "支付单不存在")
    if (body.get("payer") or {}).get("openid") != order.openid:
        raise Refused(268485194, "payer openid 与支付用户不一致")
    if seconds_of(str(body.get("upload_time", ""))) is None:
        raise Refused(268485216, "上传时间非法，请按照 RFC 3339 格式填写")
    _check_parcels(body)
    if order.transaction_id in world().pay.shippings:
        raise Refused(10060002, "支付单已完成发货，无法继续发货")
    world().pay.shippings[order.transaction_id] = dict(body)
    return jsonify(errcode=0, errmsg="ok")


@blueprint.post("/wxa/sec/order/is_trade_managed")
@with_token
def is_trade_managed(body: Mapping[str, Any]) -> Response:
    """Whether the program must report its shipping; the simulated one must."""
    if body.get("appid") != world().config.appid:
        raise Refused(40013, "invalid appid")
    return jsonify(errcode=0, errmsg="ok", is_trade_managed=True)


@blueprint.post("/wxa/sec/order/get_order")
@with_token
def get_order(body: Mapping[str, Any]) -> Response:
    """How the shipping of an order stands: 1 to be shipped, 2 shipped."""
    order = world().pay.order_of(str(body.get("transaction_id", "")))
    if order is None or order.transaction_id is None:
        raise Refused(10060001, "支付单不存在")
    state = 2 if order.transaction_id in world().pay.shippings else 1
    told = {"transaction_id": order.transaction_id, "order_state": state, "openid": order.openid}
    return jsonify(errcode=0, errmsg="ok", order=told)


def _order(key: object) -> Order | None:
    """The order that an `order_key` names, in either of its two forms."""
    if not isinstance(key, Mapping):
        raise Refused(47001, "data format error")
    if key.get("order_number_type") == 2:
        return world().pay.order_of(str(key.get("transaction_id", "")))
    if key.get("order_number_type") != 1 or key.get("mchid") != world().pay.keys.mchid:
        raise Refused(47001, "data format error")
    return world().pay.orders.get(str(key.get("out_trade_no", "")))


def _check_parcels(body: Mapping[str, Any]) -> None:
    kind, parcels = body.get("logistics_type"), body.get("shipping_list")
    if kind not in {EXPRESS, CITY, VIRTUAL, PICKUP} or body.get("delivery_mode") not in {1, 2}:
        raise Refused(268485224, "发货模式非法")
    if not isinstance(parcels, list) or not 1 <= len(parcels) <= MOST_PARCELS:
        raise Refused(268485220, "物流信息列表不能为空")
    if body["delivery_mode"] == 1 and len(parcels) != 1:
        raise Refused(268485228, "统一发货时物流信息列表长度必须为1")
    for parcel in parcels:
        if not isinstance(parcel, Mapping) or not 0 < len(str(parcel.get("item_desc", ""))) <= 120:
            raise Refused(268485196, "商品信息非法")
        if kind == EXPRESS and not (parcel.get("tracking_no") and parcel.get("express_company")):
            raise Refused(268485226, "物流单号不能为空")
