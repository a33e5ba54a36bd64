"""The business circle (智慧商圈): what is bought in the mall's shops earns points by the payment.

The mall is told of purchases and refunds, says what points they earned, and tells WeChat of parking.
"""

import secrets
from typing import Any

from flask import Response, request

from .pay_gate import Declined, answered, asked, blueprint, known_appid, pay
from .pay_post import Post
from .pay_rules import PARKING, POINTS
from .pay_world import MallPurchase, digits, moment
from .world import World, world

REFUND_DAYS = 30
MERCHANT = "模拟购物中心"
STATES = {"authorise": "AUTHORIZED", "register": "UNAUTHORIZED", "deauthorise": "DEAUTHORIZED"}


class NotInTheMall(Exception):
    """The purchase or refund cannot be; the text says why."""


# What the mall asks


@blueprint.post("/businesscircle/points/notify")
def points() -> Response:
    """Hear what points a purchase earned, be it none."""
    wanted = asked(POINTS)
    known_appid(wanted["appid"])
    with world().lock:
        purchase = pay().purchases.get(wanted["transaction_id"])
        if purchase is None or not purchase.told:
            raise Declined("RESOURCE_NOT_EXISTS", "没有通知过这笔支付")
        if purchase.openid != wanted["openid"]:
            raise Declined("PARAM_ERROR", "openid与支付用户不一致")
        if wanted["earn_points"] != (wanted["increased_points"] > 0):
            raise Declined("PARAM_ERROR", "earn_points与increased_points矛盾")
        if purchase.synced is not None and purchase.synced != wanted:
            raise Declined("INVALID_REQUEST", "积分已同步，参数不一致")
        purchase.synced = wanted
    return answered(None)


@blueprint.get("/businesscircle/user-authorizations/<openid>")
def authorisation(openid: str) -> Response:
    """Whether somebody lets their payments earn points."""
    known_appid(request.args.get("appid"))
    with world().lock:
        if openid not in world().shoppers:
            raise Declined("RESOURCE_NOT_EXISTS", "用户不存在")
        found = pay().authorisation(openid)
    told = {"openid": openid, "authorize_state": found.state}
    if found.authorised_at is not None:
        told["authorize_time"] = moment(found.authorised_at)
    if found.deauthorised_at is not None:
        told["deauthorize_time"] = moment(found.deauthorised_at)
    return answered(told)


@blueprint.get("/businesscircle/users/<openid>/points/commit_status")
def commit_status(openid: str) -> Response:
    """Whether purchases of somebody wait for their points."""
    known_appid(request.args.get("appid"))
    if not request.args.get("brandid", "").isdecimal():
        raise Declined("PARAM_ERROR", "缺少必填参数 brandid")
    with world().lock:
        waits = any(
            one.openid == openid and one.told and one.synced is None
            for one in pay().purchases.values()
        )
    return answered({"points_commit_status": "PENDING" if waits else "COMMITTED"})


@blueprint.post("/businesscircle/parkings")
def parking() -> Response:
    """Hear that a car came or went."""
    wanted = asked(PARKING)
    known_appid(wanted["appid"])
    with world().lock:
        if wanted["openid"] not in world().shoppers:
            raise Declined("RESOURCE_NOT_EXISTS", "用户不存在")
        pay().parkings.append(wanted | {"heard_at": moment(world().now())})
    return answered(None)


# What happens in the mall


def buy(
    of: World, post: Post, openid: str, shop_number: str, amount_fen: int, commit_tag: str | None
) -> MallPurchase:
    """Somebody pays in a shop; the mall is told if they authorised that, or claim it by hand."""
    with of.lock:
        of.shopper(openid)
        purchase = MallPurchase(digits("4200", 28), openid, shop_number, amount_fen, of.now())
        of.pay.purchases[purchase.transaction_id] = purchase
        automatic = of.pay.authorisation(openid).state == "AUTHORIZED"
    if automatic or commit_tag is not None:
        claim(of, post, purchase, commit_tag)
    return purchase


def claim(of: World, post: Post, purchase: MallPurchase, commit_tag: str | None) -> None:
    """Tell the mall of a purchase, once.

    :raises NotInTheMall: it has been told.
    """
    with of.lock:
        if purchase.told:
            raise NotInTheMall("the mall has been told of this purchase")
        purchase.told, purchase.commit_tag = True, commit_tag
        of.changes += 1
        facts = _common(of, purchase) | {
            "time_end": moment(purchase.paid_at),
            "amount": purchase.amount_fen,
        }
        if commit_tag is not None:
            facts["commit_tag"] = commit_tag
    _tell(of, post, "MALL_TRANSACTION.SUCCESS", "mall_transaction", "支付成功", facts)


def give_back(of: World, post: Post, purchase: MallPurchase, amount_fen: int) -> dict[str, Any]:
    """A shop pays back; the mall hears of it if it synced the purchase, for 30 days.

    :raises NotInTheMall: more than was paid.
    """
    with of.lock:
        if not 0 < amount_fen <= purchase.amount_fen - purchase.refunded_fen:
            raise NotInTheMall("more than was paid")
        purchase.refunded_fen += amount_fen
        of.changes += 1
        facts = _common(of, purchase) | {
            "refund_time": moment(of.now()),
            "pay_amount": purchase.amount_fen,
            "refund_amount": amount_fen,
            "refund_id": digits("503", 29),
        }
        is_told = purchase.synced is not None
        is_told = is_told and of.now() - purchase.paid_at <= REFUND_DAYS * 24 * 3600
        of.pay.mall_refunds.append(facts | {"told": is_told})
    if is_told:
        _tell(of, post, "MALL_REFUND.SUCCESS", "mall_refund", "退款成功", facts)
    return facts | {"told": is_told}


def authorise(of: World, post: Post, openid: str, how: str) -> dict[str, Any]:
    """Somebody opens the card, lets payments earn points, or takes that back (which is not told).

    :param how: register, authorise, deauthorise.
    """
    with of.lock:
        of.shopper(openid)
        found = of.pay.authorisation(openid)
        found.state = STATES[how]
        found.code = found.code or secrets.token_hex(8)
        if how == "authorise":
            found.authorised_at, found.deauthorised_at = of.now(), None
        elif how == "deauthorise":
            found.deauthorised_at = of.now()
        of.changes += 1
        mode = "REGISTERED_AND_AUTHORIZATION_MODE" if how == "authorise" else "REGISTERED_MODE"
        facts = {"openid": openid, "code": found.code, "mchid": of.pay.keys.mchid}
    if how != "deauthorise":
        told = facts | {"auth_type": mode}
        _tell(of, post, "MALL_AUTH.ACTIVATE_CARD", "mall_auth", "授权成功", told)
    return facts | {"state": found.state}


def _common(of: World, purchase: MallPurchase) -> dict[str, Any]:
    return {
        "mchid": of.pay.keys.mchid,
        "merchant_name": MERCHANT,
        "shop_name": f"{purchase.shop_number} 号店",
        "shop_number": purchase.shop_number,
        "appid": of.config.appid,
        "openid": purchase.openid,
        "transaction_id": purchase.transaction_id,
    }


def _tell(
    of: World, post: Post, name: str, original_type: str, summary: str, facts: dict[str, Any]
) -> None:
    post.notify(name, original_type, summary, of.config.circle_path, facts)
