"""What WeChat tells a mall, read and held against who we are. Pure: no database, no clock.

:raises NotBelieved: of every reader: it has not the documented form, or is another mall's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from miniprogram_api.wechat import pay_answers
from miniprogram_api.wechat.errors import WeChatNonsense

MOST_FEN = pay_answers.MOST_FEN
WITH_AUTHORIZATION = "REGISTERED_AND_AUTHORIZATION_MODE"
WITHOUT_AUTHORIZATION = "REGISTERED_MODE"


class NotBelieved(Exception):
    """A notice says something that cannot be, or that is not for us."""


@dataclass(frozen=True)
class Ourselves:
    """To whom a notice must be addressed."""

    mchid: str
    appid: str


@dataclass(frozen=True)
class MallPurchase:
    """Somebody paid in one of the mall's shops. `amount_fen` is what they really paid."""

    transaction_id: str
    openid: str
    amount_fen: int
    paid_at: datetime
    shop: str
    shop_number: str
    claimed: bool


@dataclass(frozen=True)
class MallRefund:
    """A shop gave money back."""

    refund_id: str
    transaction_id: str
    refund_fen: int
    refunded_at: datetime


@dataclass(frozen=True)
class CardActivated:
    """Somebody became a member of the mall in the plugin, perhaps with the authorisation."""

    openid: str
    card_code: str | None
    authorized: bool


def purchase_of(resource: Mapping[str, Any], ourselves: Ourselves) -> MallPurchase:
    """The purchase in `MALL_TRANSACTION.SUCCESS`."""
    _require_ours(resource, ourselves)
    shop = _text(resource, "shop_name", most=256, needed=False)
    return MallPurchase(
        transaction_id=_text(resource, "transaction_id"),
        openid=_text(resource, "openid", most=128),
        amount_fen=_fen(resource, "amount"),
        paid_at=_moment(resource, "time_end"),
        shop=shop or _text(resource, "merchant_name", most=256, needed=False),
        shop_number=_text(resource, "shop_number", needed=False),
        claimed=resource.get("commit_tag") is not None,
    )


def refund_of(resource: Mapping[str, Any], ourselves: Ourselves) -> MallRefund:
    """The refund in `MALL_REFUND.SUCCESS`."""
    _require_ours(resource, ourselves)
    paid, refunded = _fen(resource, "pay_amount"), _fen(resource, "refund_amount")
    if refunded > paid:
        raise NotBelieved(f"{refunded} fen refunded of {paid} fen paid")
    return MallRefund(
        refund_id=_text(resource, "refund_id"),
        transaction_id=_text(resource, "transaction_id"),
        refund_fen=refunded,
        refunded_at=_moment(resource, "refund_time"),
    )


def activation_of(resource: Mapping[str, Any], ourselves: Ourselves) -> CardActivated:
    """The shopper in `MALL_AUTH.ACTIVATE_CARD`; it names no mini-program."""
    if resource.get("mchid") != ourselves.mchid:
        raise NotBelieved("it is for another merchant")
    kind = resource.get("auth_type")
    if kind not in {WITH_AUTHORIZATION, WITHOUT_AUTHORIZATION}:
        raise NotBelieved("auth_type is none that is documented")
    return CardActivated(
        openid=_text(resource, "openid", most=128),
        card_code=_text(resource, "code", needed=False) or None,
        authorized=kind == WITH_AUTHORIZATION,
    )


def _require_ours(resource: Mapping[str, Any], ourselves: Ourselves) -> None:
    if resource.get("mchid") != ourselves.mchid:
        raise NotBelieved("it is for another merchant")
    if resource.get("appid") != ourselves.appid:
        raise NotBelieved("it is for another mini-program")


def _text(resource: Mapping[str, Any], field: str, *, most: int = 64, needed: bool = True) -> str:
    value = resource.get(field)
    if value in {None, ""} and not needed:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise NotBelieved(f"{field} is missing or no text")
    return value


def _fen(resource: Mapping[str, Any], field: str) -> int:
    value = resource.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MOST_FEN:
        raise NotBelieved(f"{field} is no number of fen")
    return value


def _moment(resource: Mapping[str, Any], field: str) -> datetime:
    try:
        return pay_answers.moment(_text(resource, field))
    except WeChatNonsense as nonsense:
        raise NotBelieved(f"{field}: {nonsense}") from None
