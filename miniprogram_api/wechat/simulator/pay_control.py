"""The strings of WeChat Pay, `/_sim`: the shopper pays, the merchant refunds, notices are held.

`number` in an answer of a notice is its id; `GET /_sim/notices` shows all of them.
"""

import secrets
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import urlsplit

from flask import Response, jsonify, request

from . import pay_circle, pay_refunds
from .control import BadControl, blueprint, json_body, number_of, text_of
from .pay_gate import Declined, pay, post
from .pay_orders import CannotPay, paid_of, take_payment, tell_payment, transaction
from .pay_rules import LOOPBACK
from .pay_wire import is_signed
from .pay_world import MODES, MallPurchase, Notice
from .world import world

PACKAGE = "prepay_id="


@blueprint.errorhandler(CannotPay)
@blueprint.errorhandler(pay_circle.NotInTheMall)
def _cannot(error: Exception) -> tuple[Response, int]:
    return jsonify(error=str(error)), 409


@blueprint.errorhandler(Declined)
def _declined(error: Declined) -> tuple[Response, int]:
    return jsonify(error=f"{error.code} {error}"), 409


def _amount(body: dict[str, Any], name: str = "amount_fen") -> int:
    amount = number_of(body, name)
    if not isinstance(amount, int) or amount < 1:
        raise BadControl(f"{name} must be a whole number of fen, 1 or more")
    return amount


# Orders and their refunds


@blueprint.post("/payments")
def make_payment() -> tuple[Response, int]:
    """The shopper pays: `{"prepay_id" | "out_trade_no", "openid"?, "tell"?}`; the mall is notified.

    With what wx.requestPayment is given instead (`package`, `timeStamp`, `nonceStr`, `signType`,
    `paySign`), the merchant's signature is checked first. `"tell": false` loses the notice.
    """
    body = json_body()
    number = _signed_prepay(body) if "package" in body else _number(body, "prepay_id")
    openid = text_of(body, "openid") if "openid" in body else None
    order = take_payment(world(), number, openid)
    notice_id = tell_payment(world(), post(), order) if body.get("tell", True) else None
    with world().lock:
        told = _shown(pay().notices[notice_id]) if notice_id else None
        return jsonify(transaction=transaction(world(), order), notice=told), 201


def _number(body: dict[str, Any], name: str) -> str:
    return text_of(body, name if name in body else "out_trade_no")


def _signed_prepay(body: dict[str, Any]) -> str:
    """The prepay_id that the merchant signed for this program."""
    stamp, nonce = text_of(body, "timeStamp"), text_of(body, "nonceStr")
    package, given = text_of(body, "package", 128), text_of(body, "paySign", 1024)
    lines = world().config.appid, stamp, nonce, package
    public = pay().keys.merchant_key.public_key()
    if body.get("signType") != "RSA" or not is_signed(public, given, *lines):
        raise CannotPay("requestPayment:fail 支付验证签名失败")
    if not package.startswith(PACKAGE):
        raise CannotPay("requestPayment:fail package")
    return package.removeprefix(PACKAGE)


@blueprint.get("/orders")
def orders() -> Response:
    """Every order, newest first: `?openid=`, `?out_trade_no=`."""
    wanted, number = request.args.get("openid"), request.args.get("out_trade_no")
    with world().lock:
        found = [
            transaction(world(), order)
            | {
                "openid": order.openid,
                "description": order.asked["description"],
                "refunded": sum(back.refund_fen for back in pay().refunds_of(order)),
            }
            for order in pay().orders.values()
            if wanted in {None, order.openid} and number in {None, order.out_trade_no}
        ]
    return jsonify(items=found[::-1])


@blueprint.get("/refunds")
def refunds() -> Response:
    """Every refund, newest first."""
    with world().lock:
        return jsonify(items=[pay_refunds.refund_facts(one) for one in _newest(pay().refunds)])


@blueprint.post("/refunds")
def make_refund() -> tuple[Response, int]:
    """The merchant refunds by hand: `{"out_trade_no" | "transaction_id", "amount_fen"?}`.

    Without an amount all that is left goes back. `"out_refund_no"` may be given, too.
    """
    body = json_body()
    order = paid_of(pay(), _number(body, "transaction_id"))
    if order is None:
        raise CannotPay("there is no such paid order")
    with world().lock:
        left = order.total_fen - sum(back.refund_fen for back in pay().refunds_of(order))
        amount = _amount(body) if "amount_fen" in body else left
        wanted = {
            "out_trade_no": order.out_trade_no,
            "out_refund_no": body.get("out_refund_no") or f"SIM{secrets.token_hex(12)}",
            "amount": {"refund": amount, "total": order.total_fen, "currency": "CNY"},
        }
        if amount < 1:
            raise CannotPay("nothing is left to refund")
        made = pay_refunds.begin(world(), wanted)
        facts = pay_refunds.refund_facts(made)
    pay_refunds.settle_later(world(), post(), made)
    return jsonify(facts), 201


@blueprint.post("/refunds/<number>/settle")
def settle(number: str) -> tuple[Response, int]:
    """A refund on its way comes to its end: `{"status"?: SUCCESS, CLOSED or ABNORMAL}`."""
    status = json_body().get("status", "SUCCESS")
    refund = pay().refunds.get(number)
    if status not in pay_refunds.SUMMARIES or refund is None:
        raise BadControl("status must be SUCCESS, CLOSED or ABNORMAL, of a refund that is")
    pay_refunds.settle(world(), post(), refund, status)
    return jsonify(pay_refunds.refund_facts(refund)), 201


# The business circle


@blueprint.get("/mall-purchases")
def mall_purchases() -> Response:
    """What was bought in the mall, newest first: `?openid=`."""
    openid = request.args.get("openid")
    with world().lock:
        items = [asdict(one) for one in _newest(pay().purchases) if openid in {None, one.openid}]
        return jsonify(items=items, refunds=pay().mall_refunds[::-1])


@blueprint.post("/mall-purchases")
def mall_purchase() -> tuple[Response, int]:
    """Buy in the mall: `{"openid", "shop_number", "amount_fen", "commit_tag"?}`.

    The mall is told if the shopper has authorised that; else it is claimed by hand, with a tag.
    """
    body = json_body()
    tag = text_of(body, "commit_tag") if "commit_tag" in body else None
    shop, amount = text_of(body, "shop_number", 32), _amount(body)
    bought = pay_circle.buy(world(), post(), text_of(body, "openid"), shop, amount, tag)
    return jsonify(asdict(bought)), 201


@blueprint.post("/mall-purchases/<number>/claim")
def claim(number: str) -> tuple[Response, int]:
    """Claim the points of a purchase by hand: `{"commit_tag"}`."""
    bought = _purchase(number)
    pay_circle.claim(world(), post(), bought, text_of(json_body(), "commit_tag"))
    return jsonify(asdict(bought)), 201


@blueprint.post("/mall-refunds")
def mall_refund() -> tuple[Response, int]:
    """A shop of the mall pays back: `{"transaction_id", "amount_fen"?}`."""
    body = json_body()
    bought = _purchase(text_of(body, "transaction_id"))
    left = bought.amount_fen - bought.refunded_fen
    amount = _amount(body) if "amount_fen" in body else left
    return jsonify(pay_circle.give_back(world(), post(), bought, amount)), 201


def _purchase(number: str) -> MallPurchase:
    bought = pay().purchases.get(number)
    if bought is None:
        raise BadControl("there is no such purchase")
    return bought


@blueprint.get("/authorisations")
def authorisations() -> Response:
    """Who lets payments in the mall earn points."""
    with world().lock:
        return jsonify(items=[asdict(one) for one in pay().authorisations.values()])


@blueprint.post("/authorisations")
def authorise() -> tuple[Response, int]:
    """`{"openid", "how": register, authorise or deauthorise}`; the first two are told to the mall."""
    body = json_body()
    how = text_of(body, "how")
    if how not in pay_circle.STATES:
        raise BadControl("how must be register, authorise or deauthorise")
    return jsonify(pay_circle.authorise(world(), post(), text_of(body, "openid"), how)), 201


@blueprint.get("/parkings")
def parkings() -> Response:
    """The cars that the mall told of, newest first."""
    with world().lock:
        return jsonify(items=pay().parkings[::-1])


@blueprint.get("/shippings")
def shippings() -> Response:
    """What the shop reported of goods on their way, newest first."""
    with world().lock:
        return jsonify(items=_newest(pay().shippings))


# Notices


def _shown(notice: Notice) -> dict[str, Any]:
    return asdict(notice)


def _newest(things: dict[str, Any]) -> list[Any]:
    return list(things.values())[::-1]


@blueprint.get("/notices")
def notices() -> Response:
    """What the mall is told of payments, oldest first: `?state=`, `?event_type=`."""
    state, event_type = request.args.get("state"), request.args.get("event_type")
    with world().lock:
        found = [
            _shown(one)
            for one in pay().notices.values()
            if state in {None, one.state} and event_type in {None, one.event_type}
        ]
    return jsonify(items=found, hold=pay().is_holding)


@blueprint.post("/notices/hold")
def hold() -> tuple[Response, int]:
    """Hold new notices back, or no more: `{"hold"}`."""
    wanted = json_body().get("hold")
    if not isinstance(wanted, bool):
        raise BadControl("hold must be true or false")
    with world().lock:
        pay().is_holding = wanted
    return jsonify(hold=wanted), 201


@blueprint.post("/notices/release")
def release() -> tuple[Response, int]:
    """Send what is held, in the order of `{"ids"?}`; each is sent once, whatever becomes of it."""
    ids = json_body().get("ids")
    with world().lock:
        held = [one.notice_id for one in pay().notices.values() if one.state == "held"]
    chosen = held if ids is None else ids
    if not isinstance(chosen, list):
        raise BadControl("ids must be a list")
    found = [_notice(number) for number in chosen]
    for notice in found:
        post().send(notice)
    return jsonify(items=[_shown(notice) for notice in found]), 201


@blueprint.post("/notices/<number>/send")
def send(number: str) -> tuple[Response, int]:
    """Send a notice now, also one that has arrived."""
    notice = _notice(number)
    post().send(notice)
    return jsonify(_shown(notice)), 201


def _notice(number: object) -> Notice:
    found = pay().notices.get(str(number))
    if found is None:
        raise BadControl("there is no such notice")
    return found


# How WeChat Pay is set up


@blueprint.post("/pay")
def set_up() -> tuple[Response, int]:
    """`{"mode"?, "certificates"?, "skew_seconds"?, "refund_seconds"?, "refund_pause_seconds"?}`.

    Modes: public_key, certificate, both. `certificates` false closes their download. Refunds settle
    after `refund_seconds`; below zero they wait for `/_sim/refunds/<number>/settle`.
    """
    body = json_body()
    if body.get("mode", "both") not in MODES:
        raise BadControl("mode must be public_key, certificate or both")
    if not isinstance(body.get("certificates", True), bool):
        raise BadControl("certificates must be true or false")
    with world().lock:
        pay().mode = body.get("mode", pay().mode)
        pay().certificates_open = body.get("certificates", pay().certificates_open)
        for name in ("skew_seconds", "refund_seconds", "refund_pause_seconds"):
            if name in body:
                setattr(pay(), name, number_of(body, name))
    return jsonify(mode=pay().mode, certificates=pay().certificates_open), 201


@blueprint.post("/pay/rotate")
def rotate() -> tuple[Response, int]:
    """Sign with a new platform certificate from now on."""
    with world().lock:
        return jsonify(serial=pay().rotate().serial), 201


@blueprint.post("/mall")
def move_mall() -> tuple[Response, int]:
    """Where the mall listens from now on: `{"url"}`, on this machine."""
    url = text_of(json_body(), "url")
    where = urlsplit(url)
    if where.scheme != "http" or where.hostname not in LOOPBACK or where.path.strip("/"):
        raise BadControl("url must be http on 127.0.0.1, without a path")
    with world().lock:
        world().config = replace(world().config, mall=url.rstrip("/"))
    return jsonify(mall=url), 201
