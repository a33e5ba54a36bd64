"""Why points move when they are exchanged."""

from points_mall.ledger.reasons import declare

REDEMPTION = declare("redemption", "积分兑换", "Reward redeemed", counterparty="redemption")
FLASH_SALE = declare("flash_sale", "积分秒杀", "Flash sale", counterparty="flash_sale")
