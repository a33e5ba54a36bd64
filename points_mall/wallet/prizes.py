"""Money for the wallet as a grant: bonus that wheels, check-in rules and tiers can promise."""

from collections.abc import Sequence

from miniprogram_api.core.errors import DomainError
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.kinds import Grant, Granted, GrantKind, check_amount
from points_mall.grants.rewards import Reward

from . import posting
from .movements import Credit, WalletPosted
from .reasons import PRIZE

WALLET = "wallet"
MOST_PRIZE_FEN = 50_000_00
"""What the law lets a single prize be worth."""


def give_bonus(grants: Sequence[Grant]) -> list[Granted]:
    """Credit all of them as bonus, in one posting; a repeat gives no more."""
    movements = [
        Credit(
            grant.member_id,
            0,
            grant.amount,
            PRIZE,
            f"{grant.reason.code}:{grant.reference}",
            explanation=grant.explanation,
        )
        for grant in grants
    ]
    return [_granted(answer) for answer in posting.post(movements)]


def _granted(answer: WalletPosted | DomainError) -> Granted:
    if isinstance(answer, DomainError):
        raise answer  # a promised amount is never refused; whatever this is must end it all
    return Granted({"amount": answer.bonus_fen})


def _check(reward: Reward) -> None:
    check_amount(reward, MOST_PRIZE_FEN)
    if reward.valid_days is not None:
        raise RewardNotAllowed("money in the wallet does not expire", kind=WALLET)


WALLET_BONUS = GrantKind(WALLET, "钱包奖励金（分）", "Wallet bonus (fen)", give_bonus, _check)
