"""Refunds of WeChat Pay: asked for by the merchant, on their way, settled, told."""

from typing import Any

from flask import Response

from .faults import REFUNDS
from .pay_gate import Declined, answered, asked, blueprint, pay, post
from .pay_orders import paid_of
from .pay_post import Post, path_of
from .pay_rules import REFUND
from .pay_world import Order, PayWorld, Refund, digits, moment
from .world import World, world

REFUND_DAYS, MOST_REFUNDS = 365, 50
SUMMARIES = {"SUCCESS": "退款成功", "CLOSED": "退款关闭", "ABNORMAL": "退款异常"}
ACCOUNT = "招商银行信用卡0403"


@blueprint.post("/refund/domestic/refunds")
def refund() -> Response:
    """Ask for a refund; the same number again tells how it stands."""
    wanted = asked(REFUND)
    with world().lock:
        known = pay().refunds.get(wanted["out_refund_no"])
        if known is not None and known.asked != wanted:
            raise Declined("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        found = known or begin(world(), wanted)
        answer = answered(refund_facts(found))
    if known is None:
        settle_later(world(), post(), found)
    return answer


@blueprint.get("/refund/domestic/refunds/<number>")
def query_refund(number: str) -> Response:
    """How a refund stands."""
    with world().lock:
        found = pay().refunds.get(number)
        if found is None:
            raise Declined("RESOURCE_NOT_EXISTS", "退款单不存在")
        return answered(refund_facts(found))


def begin(of: World, wanted: dict[str, Any]) -> Refund:
    """Take a refund on, if the order allows it.

    :raises Declined: it does not.
    """
    order = paid_of(of.pay, wanted.get("transaction_id") or wanted.get("out_trade_no"))
    if order is None or wanted.get("out_trade_no", order.out_trade_no) != order.out_trade_no:
        raise Declined("RESOURCE_NOT_EXISTS", "订单不存在或未支付")
    _check_refund(of, order, wanted["amount"])
    made = Refund(
        asked=wanted,
        refund_id=digits("503", 29),
        out_refund_no=wanted["out_refund_no"],
        out_trade_no=order.out_trade_no,
        transaction_id=str(order.transaction_id),
        refund_fen=wanted["amount"]["refund"],
        total_fen=order.total_fen,
        notify_url=wanted.get("notify_url", ""),
        asked_at=of.now(),
    )
    of.pay.refunds[made.out_refund_no] = made
    order.state = "REFUND"
    of.changes += 1
    return made


def _check_refund(of: World, order: Order, amount: dict[str, Any]) -> None:
    earlier = of.pay.refunds_of(order)
    if amount["total"] != order.total_fen:
        raise Declined("INVALID_REQUEST", "订单金额与之前请求不一致")
    if amount["refund"] + sum(one.refund_fen for one in earlier) > order.total_fen:
        raise Declined("INVALID_REQUEST", "申请退款金额超过可退金额")
    if len(earlier) >= MOST_REFUNDS:
        raise Declined("RULE_LIMIT", "退款次数超过50次")
    if of.now() - (order.paid_at or 0) > REFUND_DAYS * 24 * 3600:
        raise Declined("RULE_LIMIT", "订单超过可退期限")
    pause = of.pay.refund_pause_seconds
    if any(of.now() - one.asked_at < pause for one in earlier):
        raise Declined("FREQUENCY_LIMITED", "退款过于频繁")


def settle_later(of: World, by: Post, refund: Refund) -> None:
    """Let a refund come to its end after a while; below zero it waits to be settled by hand."""
    if of.pay.refund_seconds >= 0:
        by.later(of.pay.refund_seconds, lambda: settle(of, by, refund))


def settle(of: World, by: Post, refund: Refund, status: str = "") -> None:
    """The money arrives, or not; the mall is told once."""
    fault = of.faults.take_one(REFUNDS, refund.out_refund_no) if not status else None
    if fault is not None:
        status = fault.kind.removeprefix("refund_").upper()
    with of.lock:
        is_ours = of.pay.refunds.get(refund.out_refund_no) is refund
        if not is_ours or refund.status != "PROCESSING":
            return
        refund.status, refund.settled_at = status or "SUCCESS", of.now()
        facts, path = notice_facts(of.pay, refund), _notice_path(of, refund)
        of.changes += 1
    if path:
        name = f"REFUND.{refund.status}"
        by.notify(name, "refund", SUMMARIES[refund.status], path, facts)


def resume(of: World, by: Post) -> None:
    """Go on with the refunds that were on their way before a restart."""
    for refund in list(of.pay.refunds.values()):
        if refund.status == "PROCESSING":
            settle_later(of, by, refund)


def _notice_path(of: World, refund: Refund) -> str:
    """Where the notice goes: as the refund says, else as the order said."""
    order = of.pay.orders.get(refund.out_trade_no)
    url = refund.notify_url or (order.asked["notify_url"] if order else "")
    return path_of(url) if url else ""


def refund_facts(refund: Refund) -> dict[str, Any]:
    """A refund as WeChat Pay answers."""
    told: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": ACCOUNT,
        "create_time": moment(refund.asked_at),
        "status": refund.status,
        "funds_account": "AVAILABLE",
        "amount": _amount(refund) | {"currency": "CNY", "from": [], "discount_refund": 0},
    }
    if refund.status == "SUCCESS" and refund.settled_at is not None:
        told["success_time"] = moment(refund.settled_at)
    return told


def notice_facts(of: PayWorld, refund: Refund) -> dict[str, Any]:
    """A refund as its notice tells it."""
    told: dict[str, Any] = {
        "mchid": of.keys.mchid,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.status,
        "user_received_account": ACCOUNT,
        "amount": _amount(refund),
    }
    if refund.status == "SUCCESS" and refund.settled_at is not None:
        told["success_time"] = moment(refund.settled_at)
    return told


def _amount(refund: Refund) -> dict[str, int]:
    return {
        "total": refund.total_fen,
        "refund": refund.refund_fen,
        "payer_total": refund.total_fen,
        "payer_refund": refund.refund_fen,
    }
