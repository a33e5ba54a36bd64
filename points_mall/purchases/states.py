"""The lives of a purchase, a refund and a notice, and where purchases come from."""

from enum import StrEnum

WECHAT_PAY = "wechat_pay"
BUSINESS_CIRCLE = "business_circle"
TILL = "till"

PLACED_FIRST = frozenset({WECHAT_PAY})
"""Sources that can only pay what was placed with us: their payments of anything else are not ours."""


class PurchaseStatus(StrEnum):
    """Where a purchase stands; what is refunded of a paid one, its figures tell."""

    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    CLOSED = "closed"  # never paid, or paid too late


class Purpose(StrEnum):
    """What the money is for."""

    SALE = "sale"
    REDEMPTION = "redemption"  # the cash half of an order paid in points
    TOP_UP = "top_up"  # stored value for the wallet


class RefundState(StrEnum):
    """What became of a refund."""

    ASKED = "asked"  # by us; whether the cash went back is not known yet
    WAITING = "waiting"  # it happened, but its payment has not been heard of
    APPLIED = "applied"
    REFUSED = "refused"  # more than was paid, or it came to nothing; nothing moved


class NoticeState(StrEnum):
    """What became of a notice."""

    STORED = "stored"
    APPLIED = "applied"
    WAITING = "waiting"  # cannot be applied yet; is tried again
    IGNORED = "ignored"  # concerns nothing of ours
    FAILED = "failed"  # needs somebody to look at it; nothing moved
