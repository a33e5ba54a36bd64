"""Telling WeChat that paid goods are on their way (发货信息管理).

A mini-program that sells goods of its own gets its money only when WeChat knows of the shipping.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from . import pay_answers as answers
from .errors import WeChatNonsense, WeChatRefused

UPLOAD = "/wxa/sec/order/upload_shipping_info"
IS_MANAGED = "/wxa/sec/order/is_trade_managed"

Logistics = Literal["express", "city", "virtual", "pickup"]
LOGISTICS_TYPES: dict[Logistics, int] = {"express": 1, "city": 2, "virtual": 3, "pickup": 4}
BY_TRANSACTION = 2
ONE_PARCEL = 1
LONGEST_ITEM = 120

ALREADY_REPORTED = frozenset({10060002, 10060023})
"""Shipped already, or reported with the very same facts: what a repeat hears."""


class ShippingReports:
    """The part of the client that reports shipping."""

    appid: str

    def _post(self, path: str, body: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
        raise NotImplementedError

    def upload_shipping_info(
        self,
        *,
        transaction_id: str,
        openid: str,
        item: str,
        logistics: Logistics,
        shipped_at: datetime,
        tracking_no: str = "",
        company: str = "",
        contact: str = "",
    ) -> None:
        """Report that what a payment bought was sent, or may be picked up. A repeat is harmless.

        :param item: what was bought, in the shopper's words.
        :param company: WeChat's code of the carrier (`SF`); with `tracking_no` for `express`.
        :param contact: the receiver's masked phone number, which some carriers (SF) ask for.
        :raises WeChatRefused: the payment is unknown, or a field breaks its rule.
        """
        parcel: dict[str, Any] = {"item_desc": item[:LONGEST_ITEM]}
        if tracking_no:
            parcel |= {"tracking_no": tracking_no, "express_company": company}
        if contact:
            parcel["contact"] = {"receiver_contact": contact}
        body = {
            "order_key": {"order_number_type": BY_TRANSACTION, "transaction_id": transaction_id},
            "logistics_type": LOGISTICS_TYPES[logistics],
            "delivery_mode": ONE_PARCEL,
            "shipping_list": [parcel],
            "upload_time": answers.written(shipped_at, "milliseconds"),
            "payer": {"openid": openid},
        }
        try:
            self._post(UPLOAD, body)
        except WeChatRefused as error:
            if error.errcode not in ALREADY_REPORTED:
                raise

    def is_trade_managed(self) -> bool:
        """Whether WeChat holds this mini-program's money back until shipping is reported."""
        managed = self._post(IS_MANAGED, {"appid": self.appid}).get("is_trade_managed")
        if not isinstance(managed, bool):
            raise WeChatNonsense("is_trade_managed is no yes or no")
        return managed
