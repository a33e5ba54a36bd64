"""What WeChat Pay answers and tells, and what its refusals mean. Pure: no network, no clock.

The answer to a query and the resource of a notification have nearly the same form, so one function
reads both. Nothing is believed before it has the form that WeChat's documentation gives.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, cast, get_args

from . import errors as e

TradeState = Literal["SUCCESS", "REFUND", "NOTPAY", "CLOSED", "REVOKED", "USERPAYING", "PAYERROR"]
RefundStatus = Literal["SUCCESS", "PROCESSING", "CLOSED", "ABNORMAL"]
AuthorizeState = Literal["UNAUTHORIZED", "AUTHORIZED", "DEAUTHORIZED"]

MOST_FEN = 10**11
CHINA = timezone(timedelta(hours=8))
_MINUTE = 60


@dataclass(frozen=True)
class PaymentState:
    """How a payment stands at WeChat.

    `amount_fen` is the order's total, before coupons of WeChat's own; None where WeChat does not
    tell it (an order that nobody has paid yet). `transaction_id` and `success_at` are there once
    it is paid, and stay there when it is refunded (`REFUND`).
    """

    out_trade_no: str
    trade_state: TradeState
    transaction_id: str | None
    success_at: datetime | None
    amount_fen: int | None
    currency: str
    openid: str | None
    appid: str
    mchid: str
    attach: str = ""

    @property
    def is_paid(self) -> bool:
        """Whether money came in; a refund later does not undo that."""
        return self.trade_state in {"SUCCESS", "REFUND"}


@dataclass(frozen=True)
class RefundState:
    """How a refund stands at WeChat. `refund_fen` is of the order's total, `total_fen` the total."""

    out_refund_no: str
    out_trade_no: str
    status: RefundStatus
    refund_id: str
    transaction_id: str
    refund_fen: int
    total_fen: int
    success_at: datetime | None
    currency: str = "CNY"


@dataclass(frozen=True)
class Notification:
    """What WeChat Pay told us, its signature verified and its resource decrypted.

    The same notification comes again, with the same `id`, until it has been answered in time.
    """

    id: str
    event_type: str
    created_at: datetime
    resource: dict[str, Any]


@dataclass(frozen=True)
class CircleAuthorization:
    """Whether a shopper lets the business circle report what they buy."""

    openid: str
    state: AuthorizeState
    authorized_at: datetime | None
    deauthorized_at: datetime | None


def payment_of(answer: Mapping[str, Any]) -> PaymentState:
    """The payment in a query's answer, or in the resource of `TRANSACTION.SUCCESS`.

    :raises WeChatNonsense: it has not the documented form.
    """
    state = _one_of(answer.get("trade_state"), get_args(TradeState), "trade_state")
    amount, payer = _part(answer, "amount"), _part(answer, "payer")
    payment = PaymentState(
        out_trade_no=_text(answer, "out_trade_no"),
        trade_state=cast(TradeState, state),
        transaction_id=_text_if_any(answer, "transaction_id"),
        success_at=_moment_if_any(answer, "success_time"),
        amount_fen=_fen(amount, "total") if "total" in amount else None,
        currency=_text_if_any(amount, "currency") or "CNY",
        openid=_text_if_any(payer, "openid"),
        appid=_text(answer, "appid"),
        mchid=_text(answer, "mchid"),
        attach=_text_if_any(answer, "attach") or "",
    )
    if payment.is_paid and not (payment.transaction_id and payment.success_at):
        raise e.WeChatNonsense("a paid order without transaction_id or success_time")
    return payment


def refund_of(answer: Mapping[str, Any]) -> RefundState:
    """The refund in an answer, or in the resource of `REFUND.SUCCESS | ABNORMAL | CLOSED`.

    :raises WeChatNonsense: it has not the documented form.
    """
    status = answer.get("status", answer.get("refund_status"))
    amount = _part(answer, "amount")
    return RefundState(
        out_refund_no=_text(answer, "out_refund_no"),
        out_trade_no=_text(answer, "out_trade_no"),
        status=cast(RefundStatus, _one_of(status, get_args(RefundStatus), "status")),
        refund_id=_text(answer, "refund_id"),
        transaction_id=_text(answer, "transaction_id"),
        refund_fen=_fen(amount, "refund"),
        total_fen=_fen(amount, "total"),
        success_at=_moment_if_any(answer, "success_time"),
        currency=_text_if_any(amount, "currency") or "CNY",
    )


def notification_of(opened: Mapping[str, Any]) -> Notification:
    """A notification whose resource has been decrypted.

    :raises WeChatNonsense: it has not the documented form.
    """
    created_at = _moment_if_any(opened, "create_time")
    if created_at is None:
        raise e.WeChatNonsense("create_time is missing")
    resource = opened.get("resource")
    if not isinstance(resource, dict):
        raise e.WeChatNonsense("the resource is no object")
    return Notification(_text(opened, "id"), _text(opened, "event_type"), created_at, resource)


def authorization_of(answer: Mapping[str, Any]) -> CircleAuthorization:
    """The answer of the business circle's authorisation query."""
    state = _one_of(answer.get("authorize_state"), get_args(AuthorizeState), "authorize_state")
    return CircleAuthorization(
        openid=_text(answer, "openid"),
        state=cast(AuthorizeState, state),
        authorized_at=_moment_if_any(answer, "authorize_time"),
        deauthorized_at=_moment_if_any(answer, "deauthorize_time"),
    )


def text_in(answer: Mapping[str, Any], field: str) -> str:
    """A text that must be there."""
    return _text(answer, field)


def moment(text: str) -> datetime:
    """A moment as WeChat Pay writes it, RFC 3339.

    :raises WeChatNonsense: it is none, or tells no zone.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise e.WeChatNonsense("a time has no known form") from None
    if read.tzinfo is None:
        raise e.WeChatNonsense("a time without its zone")
    return read


def written(at: datetime, to: str = "seconds") -> str:
    """A moment as WeChat reads it, RFC 3339 by the clock of its own zone."""
    return at.astimezone(CHINA).isoformat(timespec=to)


def decoded(text: str) -> dict[str, Any]:
    """The JSON object of an answer; none at all reads as an empty one.

    :raises WeChatNonsense: it is anything else.
    """
    if not text:
        return {}
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise e.WeChatNonsense("the answer is no JSON object")
    return answer


# WeChat writes some codes with and without underscores (ORDER_NOT_EXIST, ORDERNOTEXIST).
_KINDS: dict[str, type[e.WeChatError]] = {
    "ORDERNOTEXIST": e.PaymentUnknown,
    "RESOURCENOTEXISTS": e.PaymentUnknown,
    "REFUNDNOTEXISTS": e.PaymentUnknown,
    "ORDERCLOSED": e.PaymentClosed,
    "ORDERREVERSED": e.PaymentClosed,
    "ORDERPAID": e.AlreadyPaid,
    "OUTTRADENOUSED": e.PaymentNumberUsed,
    "SIGNERROR": e.WeChatMisconfigured,
    "NOAUTH": e.WeChatMisconfigured,
    "ACCOUNTERROR": e.WeChatMisconfigured,
    "APPIDMCHIDNOTMATCH": e.WeChatMisconfigured,
    "MCHNOTEXISTS": e.WeChatMisconfigured,
    "NOTENOUGH": e.WeChatMisconfigured,  # the merchant's balance, out of which refunds are paid
    "FREQUENCYLIMITED": e.WeChatUnavailable,
    "FREQUENCYLIMITEXCEED": e.WeChatUnavailable,
    "RATELIMITEXCEEDED": e.WeChatUnavailable,
    "SYSTEMERROR": e.WeChatUnavailable,
    "BANKERROR": e.WeChatUnavailable,
    "USERPAYING": e.WeChatUnavailable,
    "OPENIDMISMATCH": e.WeChatRefused,
}


def refusal(status: int, text: str, request_id: str | None) -> e.WeChatError:
    """The error that an answer other than 200 and 204 means.

    After a 5xx WeChat may have acted all the same (`maybe_done`); after a 4xx it has not.
    """
    try:
        answer = decoded(text)
    except e.WeChatNonsense:
        answer = {}
    code = str(answer.get("code") or "")[:64]
    kind = _KINDS.get(code.replace("_", "")) or _by_status(status)
    detail = f"WeChat Pay {status} {code}: {str(answer.get('message') or '')[:200]}"
    if issubclass(kind, e.WeChatUnavailable):
        wait = _MINUTE if kind is e.WeChatMisconfigured else 2
        unavailable = kind(detail, retry_after_seconds=wait)
        unavailable.maybe_done = status >= 500 or status < 400
        return unavailable.from_wechat_pay(code, request_id)
    return kind(detail).from_wechat_pay(code, request_id)


def _by_status(status: int) -> type[e.WeChatError]:
    if status == 401:
        return e.WeChatMisconfigured
    if 400 <= status < 500 and status not in {408, 429}:
        return e.WeChatRefused
    return e.WeChatUnavailable


def _part(answer: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = answer.get(field, {})
    if not isinstance(value, dict):
        raise e.WeChatNonsense(f"{field} is no object")
    return value


def _text(answer: Mapping[str, Any], field: str) -> str:
    value = answer.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise e.WeChatNonsense(f"{field} is missing or no text")
    return value


def _text_if_any(answer: Mapping[str, Any], field: str) -> str | None:
    return _text(answer, field) if answer.get(field) not in {None, ""} else None


def _moment_if_any(answer: Mapping[str, Any], field: str) -> datetime | None:
    text = _text_if_any(answer, field)
    return moment(text) if text else None


def _fen(amount: Mapping[str, Any], field: str) -> int:
    value = amount.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_FEN:
        raise e.WeChatNonsense(f"amount.{field} is no number of fen")
    return value


def _one_of(value: object, known: tuple[str, ...], field: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise e.WeChatNonsense(f"{field} is none that is documented")
    return value
