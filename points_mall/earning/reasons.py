"""Why purchases move points."""

from points_mall.ledger.reasons import declare

PURCHASE = declare(
    "purchase", "消费得积分", "Points for a purchase", counterparty="purchase", may_mature=True
)
