"""Telling WeChat that paid goods are on their way (发货信息管理).

A mini-program that sells goods of its own gets its money only when WeChat knows of the shipping.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from . import pay_answers as answers
from .errors import WeChatNonsense

UPLOAD = "/wxa/sec/order/upload_shipping_info"
IS_MANAGED = "/wxa/sec/order/is_trade_managed"

Logistics = Literal["express", "city", "virtual", "pickup"]
LOGISTICS_TYPES: dict[Logistics, int] = {"express": 1, "city": 2, "virtual": 3, "pickup": 4}
BY_TRANSACTION = 2
ONE_PARCEL = 1
LONGEST_ITEM = 120

ALREADY_REPORTED = frozenset({10060002, 10060023})
"""Shipped already, or reported with the very same facts: what a repeat hears."""


@dataclass(frozen=True)
class Shipment:
    """What a payment bought was sent, or may be picked up.

    :param item: what was bought, in the shopper's words.
    :param company: WeChat's code of the carrier (`SF`); with `tracking_no` for `express`.
    :param contact: the receiver's masked phone number, which some carriers (SF) ask for.
    """

    transaction_id: str
    openid: str
    item: str
    logistics: Logistics
    shipped_at: datetime
    tracking_no: str = ""
    company: str = ""
    contact: str = ""

    def told(self) -> dict[str, Any]:
        """The same in WeChat's words."""
        parcel: dict[str, Any] = {"item_desc": self.item[:LONGEST_ITEM]}
        if self.tracking_no:
            parcel |= {"tracking_no": self.tracking_no, "express_company": self.company}
        if self.contact:
            parcel["contact"] = {"receiver_contact": self.contact}
        number = {"order_number_type": BY_TRANSACTION, "transaction_id": self.transaction_id}
        return {
            "order_key": number,
            "logistics_type": LOGISTICS_TYPES[self.logistics],
            "delivery_mode": ONE_PARCEL,
            "shipping_list": [parcel],
            "upload_time": answers.written(self.shipped_at, "milliseconds"),
            "payer": {"openid": self.openid},
        }


def is_managed(answer: Mapping[str, Any]) -> bool:
    """Whether WeChat says that it holds the money back until shipping is reported."""
    managed = answer.get("is_trade_managed")
    if not isinstance(managed, bool):
        raise WeChatNonsense("is_trade_managed is no yes or no")
    return managed
