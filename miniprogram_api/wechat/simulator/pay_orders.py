"""Orders of WeChat Pay: placed by the merchant, paid by the shopper, asked for, closed."""

import secrets
from typing import Any

from flask import Response, request

from .pay_gate import Declined, answered, asked, blueprint, known_appid, pay
from .pay_post import Post, path_of
from .pay_rules import CLOSE, PREPAY, seconds_of
from .pay_world import PREPAY_SECONDS, Order, PayWorld, digits, moment
from .world import World, world

SOONEST_END_SECONDS = 60
UNPAID_SECONDS = 7 * 24 * 3600
STATES = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "CLOSED": "订单已关闭",
}


class CannotPay(Exception):
    """The shopper's payment does not go through; the text says why."""


@blueprint.post("/pay/transactions/jsapi")
def prepay() -> Response:
    """Place an order, or renew it by the same request."""
    wanted = asked(PREPAY)
    _check_prepay(wanted)
    with world().lock:
        order = pay().orders.get(wanted["out_trade_no"])
        if order is None:
            order = Order(wanted, world().now())
            pay().orders[order.out_trade_no] = order
        elif order.state == "CLOSED":
            raise Declined("ORDER_CLOSED", "该订单已关闭")
        elif order.state != "NOTPAY":
            raise Declined("OUT_TRADE_NO_USED", "商户订单号重复")
        elif order.asked != wanted:
            raise Declined("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        prepay_id = "wx" + secrets.token_hex(17)
        order.prepay_ids[prepay_id] = world().now() + PREPAY_SECONDS
    return answered({"prepay_id": prepay_id})


def _check_prepay(wanted: dict[str, Any]) -> None:
    known_appid(wanted["appid"])
    _known_merchant(wanted["mchid"])
    if wanted["payer"]["openid"] not in world().shoppers:
        raise Declined("PARAM_ERROR", "无效的openid")
    ends_at = seconds_of(wanted.get("time_expire", ""))
    if ends_at is not None and ends_at < world().now() + SOONEST_END_SECONDS:
        raise Declined("PARAM_ERROR", "time_expire 应在一分钟之后")


def _known_merchant(mchid: object) -> None:
    if mchid != pay().keys.mchid:
        raise Declined("PARAM_ERROR", "mchid 与签名的商户号不一致")


@blueprint.get("/pay/transactions/out-trade-no/<number>")
def query(number: str) -> Response:
    """How an order stands, by the merchant's number."""
    _known_merchant(request.args.get("mchid"))
    with world().lock:
        order = pay().orders.get(number)
        if order is None:
            raise Declined("ORDER_NOT_EXIST", "订单不存在")
        return answered(transaction(world(), order))


@blueprint.get("/pay/transactions/id/<number>")
def query_by_transaction(number: str) -> Response:
    """How an order stands, by WeChat's number."""
    _known_merchant(request.args.get("mchid"))
    with world().lock:
        order = pay().order_of(number)
        if order is None or order.transaction_id != number:
            raise Declined("ORDER_NOT_EXIST", "订单不存在")
        return answered(transaction(world(), order))


@blueprint.post("/pay/transactions/out-trade-no/<number>/close")
def close(number: str) -> Response:
    """Close an order that nobody has paid; once more changes nothing."""
    _known_merchant(asked(CLOSE)["mchid"])
    with world().lock:
        order = pay().orders.get(number)
        if order is None:
            raise Declined("ORDER_NOT_EXIST", "订单不存在")
        if order.state not in {"NOTPAY", "CLOSED"}:
            raise Declined("INVALID_REQUEST", "该订单已支付")
        order.state = "CLOSED"
    return answered(None)


def transaction(of: World, order: Order) -> dict[str, Any]:
    """An order as WeChat Pay tells it; what comes with the payment is there once it is paid."""
    keys = of.pay.keys
    told: dict[str, Any] = {
        "appid": order.asked["appid"],
        "mchid": keys.mchid,
        "out_trade_no": order.out_trade_no,
        "trade_state": order.state,
        "trade_state_desc": STATES[order.state],
        "amount": {"total": order.total_fen, "payer_currency": "CNY"},
    }
    if "attach" in order.asked:
        told["attach"] = order.asked["attach"]
    if order.paid_at is None:
        return told
    return told | {
        "transaction_id": order.transaction_id,
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "success_time": moment(order.paid_at),
        "payer": {"openid": order.openid},
        "amount": {
            "total": order.total_fen,
            "payer_total": order.total_fen,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
        "promotion_detail": [],
    }


def take_payment(of: World, number: str, openid: str | None = None) -> Order:
    """The shopper pays, by a prepay_id or an order's number; the mall is not told yet.

    :raises CannotPay: the order may not be paid, or not by them, or not any more.
    """
    with of.lock:
        order = of.pay.order_of(number)
        if order is None:
            raise CannotPay("there is no such order")
        _check_payment(of, order, number, openid)
        order.state, order.paid_at = "SUCCESS", of.now()
        order.transaction_id = digits("4200", 28)
        of.changes += 1
    return order


def _check_payment(of: World, order: Order, number: str, openid: str | None) -> None:
    if order.state != "NOTPAY":
        raise CannotPay(f"the order is {order.state}")
    if openid is not None and openid != order.openid:
        raise CannotPay("the order is somebody else's")
    ends_at = seconds_of(order.asked.get("time_expire", "")) or order.placed_at + UNPAID_SECONDS
    if of.now() >= min(ends_at, order.prepay_ids.get(number, ends_at)):
        raise CannotPay("the time to pay is over")


def tell_payment(of: World, post: Post, order: Order) -> str:
    """Notify the mall of a payment; the notice's id."""
    path = path_of(order.asked["notify_url"])
    with of.lock:
        told = transaction(of, order) | {"trade_state": "SUCCESS", "trade_state_desc": "支付成功"}
    notice = post.notify("TRANSACTION.SUCCESS", "transaction", "支付成功", path, told)
    return notice.notice_id


def paid_of(pay_world: PayWorld, number: object) -> Order | None:
    """The paid order of that number, whoever's it is."""
    order = pay_world.order_of(number) if isinstance(number, str) else None
    return order if order is not None and order.transaction_id is not None else None
