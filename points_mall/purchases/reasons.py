"""Why points move when they pay for a purchase."""

from points_mall.ledger.reasons import declare

POINTS_AS_CASH = declare(
    "points_as_cash", "积分抵现", "Points as cash", counterparty="points_as_cash"
)
