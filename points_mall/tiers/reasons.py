"""Why points move when a member rises."""

from points_mall.ledger.reasons import declare

TIER_GIFT = declare("tier_gift", "升级礼", "Upgrade gift", counterparty="tier")
