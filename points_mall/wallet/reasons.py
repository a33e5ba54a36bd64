"""Why money moves in a wallet; every line of a statement has a title."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why money moved: `code` is stable, stored in the entry and told to clients."""

    code: str
    title_zh: str
    title_en: str


TOP_UP = Reason("top_up", "储值", "Topped up")
CASHBACK = Reason("cashback", "消费返现", "Cashback")
PURCHASE = Reason("purchase", "余额支付", "Paid from the wallet")
REFUND = Reason("refund", "退款退回", "Returned by a refund")
REVERSAL = Reason("reversal", "退款收回", "Taken back by a refund")
PRIZE = Reason("prize", "奖励金", "Reward")
ADJUSTMENT = Reason("adjustment", "余额调整", "Adjustment")
PAY_BACK = Reason("pay_back", "本金退还", "Principal paid back")
CLOSURE = Reason("closure", "账户注销", "Account closed")

_BY_CODE = {
    reason.code: reason
    for reason in (
        TOP_UP, CASHBACK, PURCHASE, REFUND, REVERSAL, PRIZE, ADJUSTMENT, PAY_BACK, CLOSURE
    )
}  # fmt: skip


def title(code: str, language: str) -> str:
    """What a statement calls the reason; an unknown code is its own title."""
    reason = _BY_CODE.get(code)
    if reason is None:
        return code
    return reason.title_en if language.startswith("en") else reason.title_zh
