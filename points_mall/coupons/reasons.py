"""Why coupons are issued, and why points are paid for them."""

from points_mall.ledger.reasons import declare

EXCHANGE = declare("coupon_exchange", "积分换券", "Coupon for points", counterparty="coupon")

LIST, CODE, GIFT, RESTORED, POINTS, MONTHLY, STAFF = (
    "list",
    "code",
    "gift",
    "restored",
    "points",
    "monthly",
    "staff",
)
"""Why a coupon was issued, beside the reasons of the rules that grant it."""

NOT_COUNTED = (GIFT, RESTORED)
"""What comes from a friend, or back from a refund, is not counted towards a member's limits."""

WELCOME = declare("welcome_gift", "开卡礼包", "Welcome gift", counterparty="gift")
BIRTHDAY = declare("birthday_gift", "生日礼", "Birthday gift", counterparty="gift")
