"""Why points move when they are exchanged."""

from points_mall.ledger.reasons import declare

REDEMPTION = declare("redemption", "积分兑换", "Reward redeemed", counterparty="redemption")
FLASH_SALE = declare("flash_sale", "积分秒杀", "Flash sale", counterparty="flash_sale")

PRIZE_SOURCE = "prize"
PRIZE = declare("prize", "奖品", "Prize", counterparty="prize")

BY_SOURCE = {"reward": REDEMPTION, "flash_sale": FLASH_SALE, PRIZE_SOURCE: PRIZE}
"""The reason of an order's movements, by where it was offered; their pools are named after it."""
