"""Platform certificates, and the bill of a day that a merchant reconciles by."""

import hashlib
import secrets
from datetime import datetime

from flask import Response, g, request

from .pay_gate import Declined, answered, blueprint, pay
from .pay_wire import sealed
from .pay_world import CHINA, PayWorld
from .world import world

KINDS = frozenset({"ALL", "SUCCESS", "REFUND"})
HEADER = (
    "交易时间,公众账号ID,商户号,微信订单号,商户订单号,用户标识,交易状态,货币种类,应结订单金额,"
    "微信退款单号,商户退款单号,退款金额,退款状态"
)


@blueprint.get("/certificates")
def certificates() -> Response:
    """The platform certificates; a merchant with the public key only has none."""
    with world().lock:
        if pay().mode == "public_key" or not pay().certificates_open:
            raise Declined("SYSTEM_ERROR", "系统繁忙，请稍后重试")
        pay().certificate()
        data = [
            {
                "serial_no": one.serial,
                "effective_time": one.begins_at.isoformat(),
                "expire_time": one.ends_at.isoformat(),
                "encrypt_certificate": sealed(pay().keys.apiv3_key, one.pem, "certificate"),
            }
            for one in pay().certificates
        ]
    return answered({"data": data})


@blueprint.get("/bill/tradebill")
def trade_bill() -> Response:
    """The way to the bill of a day that is over."""
    kind, day = request.args.get("bill_type", "ALL"), request.args.get("bill_date", "")
    if kind not in KINDS or not _is_over(day):
        raise Declined("PARAM_ERROR", "bill_date 应为今天以前的日期")
    with world().lock:
        lines = _lines(pay(), kind, day)
        if not lines:
            raise Declined("NO_STATEMENT_EXIST", "账单文件不存在")
        text, token = "\r\n".join([HEADER, *lines]) + "\r\n", secrets.token_urlsafe(24)
        pay().bills[token] = text
    # SHA-1 is what WeChat Pay vouches for its bills with.
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    url = f"{request.host_url}v3/billdownload/file?token={token}"
    return answered({"hash_type": "SHA1", "hash_value": digest, "download_url": url})


@blueprint.get("/billdownload/file")
def download() -> Response:
    """A bill, without a signature."""
    text = pay().bills.get(request.args.get("token", ""))
    if text is None:
        raise Declined("RESOURCE_NOT_EXISTS", "账单文件不存在")
    g.unsigned = True
    return Response(text, mimetype="text/csv")


def _is_over(day: str) -> bool:
    try:
        asked = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        return False
    return asked.date() < datetime.fromtimestamp(world().now(), CHINA).date()


def _lines(of: PayWorld, kind: str, day: str) -> list[str]:
    """The payments and refunds of a day, as a bill writes them."""
    appid, mchid = world().config.appid, of.keys.mchid
    rows: list[tuple[float, list[str]]] = []
    for order in of.orders.values() if kind != "REFUND" else ():
        if order.paid_at is not None:
            facts = [str(order.transaction_id), order.out_trade_no, order.openid, "SUCCESS", "CNY"]
            rows.append((order.paid_at, [*facts, _yuan(order.total_fen), "0", "0", "0.00", ""]))
    for back in of.refunds.values() if kind != "SUCCESS" else ():
        openid = of.orders[back.out_trade_no].openid
        facts = [back.transaction_id, back.out_trade_no, openid, "REFUND", "CNY", "0.00"]
        amount = [back.refund_id, back.out_refund_no, _yuan(back.refund_fen), back.status]
        rows.append((back.asked_at, [*facts, *amount]))
    rows.sort()
    dated = [(datetime.fromtimestamp(at, CHINA), facts) for at, facts in rows]
    return [
        ",".join(f"`{one}" for one in (at.strftime("%Y-%m-%d %H:%M:%S"), appid, mchid, *facts))
        for at, facts in dated
        if at.strftime("%Y-%m-%d") == day
    ]


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
