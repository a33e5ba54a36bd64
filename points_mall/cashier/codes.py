"""What a scanner reads: our own codes, and what they are taken for by mistake. Pure.

Digits only: Chinese input methods and scanner guns break letters, and full-width digits are none.
"""

import re
from enum import StrEnum

from miniprogram_api.core.ids import is_numbered, numbered
from miniprogram_api.members.rules import is_member_no
from points_mall.coupons import numbers as coupon_numbers
from points_mall.redemption import pickup_codes

MEMBER_PREFIX, MEMBER_RANDOM = "88", 15
"""A member code has 18 digits; no payment code begins like it."""

RECEIPT_PREFIX, RECEIPT_RANDOM = "89", 17
"""A receipt code has 20 digits, which no payment code of that length begins like."""

LONGEST = 128
_NOISE = "\r\n\t\v\f \x00\x02\x03\x1d\x1e\ufeff"
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")  # what some guns send ahead: "]C1" for Code 128


class Look(StrEnum):
    """What a scan looks like."""

    MEMBER_CODE = "member_code"
    MEMBER_NUMBER = "member_number"
    WECHAT = "payment_code_wechat"
    ALIPAY = "payment_code_alipay"
    UNIONPAY = "payment_code_unionpay"
    GOODS = "goods_barcode"
    PICKUP = "pickup_code"
    RECEIPT = "receipt_code"
    COUPON = "coupon_number"
    NOTHING = "nothing"


def new_member_code() -> str:
    """A fresh member code: 88, fifteen random digits, a check digit."""
    return numbered(MEMBER_PREFIX, MEMBER_RANDOM)


def new_receipt_code() -> str:
    """A fresh receipt code: 89, seventeen random digits, a check digit."""
    return numbered(RECEIPT_PREFIX, RECEIPT_RANDOM)


def is_receipt_code(text: str) -> bool:
    """Whether it could be a receipt's; a slip of the tongue is none."""
    return is_numbered(text, RECEIPT_PREFIX, RECEIPT_RANDOM)


def cleaned(scan: str) -> str:
    """A scan without what guns put around it: CR, Tab, spaces, the name of the symbology."""
    bare = scan.strip(_NOISE)
    if found := _SYMBOLOGY.match(bare):
        bare = bare[found.end() :].strip(_NOISE)
    return bare


def look_of(text: str) -> Look:
    """What a cleaned scan looks like. One of ours with a wrong check digit looks like nothing."""
    if not (text.isascii() and text.isdigit()) or len(text) > LONGEST:
        return Look.NOTHING
    return _ours(text) or _payment(text) or (Look.GOODS if is_goods(text) else Look.NOTHING)


def is_goods(digits: str) -> bool:
    """Whether digits are a goods barcode, EAN-8, UPC-A or EAN-13, with its check digit."""
    if len(digits) not in {8, 12, 13}:
        return False
    weighted = sum(
        int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))
    )
    return weighted % 10 == 0


def _ours(digits: str) -> Look | None:
    if is_numbered(digits, MEMBER_PREFIX, MEMBER_RANDOM):
        return Look.MEMBER_CODE
    if is_member_no(digits):
        return Look.MEMBER_NUMBER
    if pickup_codes.is_code(digits):
        return Look.PICKUP
    if coupon_numbers.is_number(digits):
        return Look.COUPON
    return Look.RECEIPT if is_receipt_code(digits) else None


def _payment(digits: str) -> Look | None:
    begins, length = int(digits[:2] or "0"), len(digits)
    if length == 18 and 10 <= begins <= 15:
        return Look.WECHAT
    if 16 <= length <= 24 and 25 <= begins <= 30:
        return Look.ALIPAY
    return Look.UNIONPAY if length == 19 and begins == 62 else None
