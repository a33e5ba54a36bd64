"""A wheel as the merchant writes it down, and what it must fulfil. Pure.

The cap on a prize's value is law: 反不正当竞争法 (the highest prize of a lucky draw is at most 50,000
yuan) and 规范促销行为暂行规定, under which things other than money count at their market price.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from . import odds
from .errors import PrizeAboveLegalCap, WeightsNotValid, WheelNotValid

VALUE_CAP_FEN = 50_000_00
MOST_PRIZES = 50
MOST_UNITS = 100_000
PICKUP, DELIVERY = "pickup", "delivery"

REWARD, DRAW_AGAIN, NOTHING = "reward", "draw_again", "nothing"
OWN_KINDS = frozenset({REWARD, DRAW_AGAIN, NOTHING})
"""Kinds that the lottery itself gives; all others are given by who joined `points_mall.grants`."""


@dataclass(frozen=True)
class PrizeTerms:
    """A prize; see `models.WheelPrize`. `stock`: how many there are in all; None: no limit.

    :param code: names it across versions; empty: its position does.
    """

    name: str
    kind: str
    weight: int
    amount: int = 0
    item: str | None = None
    value_fen: int = 0
    stock: int | None = None
    expires_days: int | None = None
    fulfilment: str | None = None
    is_stocked: bool = True
    is_consolation: bool = False
    is_guaranteed: bool = False
    code: str = ""


@dataclass(frozen=True)
class WheelTerms:
    """A wheel; see `models.WheelVersion`. Prizes stand in the order of their positions, from 1."""

    title: str
    opens_at: datetime
    prizes: tuple[PrizeTerms, ...]
    weight_total: int
    closes_at: datetime | None = None
    rules_zh: str = ""
    rules_en: str = ""
    points_cost: int = 0
    free_draws_per_day: int = 0
    daily_limit: int | None = None
    total_limit: int | None = None
    min_tier_rank: int = 0
    new_member_days: int | None = None
    guarantee_nth: int | None = None

    def code_of(self, place: int) -> str:
        """The code of the prize at a place of the list."""
        return self.prizes[place].code or f"p{place + 1}"


def check_terms(terms: WheelTerms) -> None:
    """See that a wheel can be drawn from under these terms.

    :raises WeightsNotValid: the weights make no wheel.
    :raises PrizeAboveLegalCap: a prize is worth more than the law allows.
    :raises WheelNotValid: it cannot; the sentence says why.
    """
    try:
        odds.check_weights([prize.weight for prize in terms.prizes], terms.weight_total)
    except odds.BadWeights as fault:
        raise WeightsNotValid(str(fault)) from None
    for prize in terms.prizes:
        if prize.value_fen > VALUE_CAP_FEN:
            raise PrizeAboveLegalCap(
                f"{prize.name} is worth {prize.value_fen} fen, the law allows {VALUE_CAP_FEN}",
                value_fen=prize.value_fen,
                cap_fen=VALUE_CAP_FEN,
            )
    for place, sentence in faults_in(terms):
        named = "" if place is None else f"{terms.prizes[place].name}: "
        raise WheelNotValid(named + sentence)


def faults_in(terms: WheelTerms) -> Iterator[tuple[int | None, str]]:
    """All that keeps these terms from being drawn under, beside weights and the legal cap.

    Each with the prize's place in the list; None: the wheel as a whole.
    """
    yield from _those_there(None, _faults_of_wheel(terms))
    for place, prize in enumerate(terms.prizes):
        yield from _those_there(place, _faults_of(prize))
    yield from _those_there(None, _faults_of_consolation(terms.prizes))
    yield from _those_there(None, _faults_of_guarantee(terms))


def _faults_of_wheel(terms: WheelTerms) -> dict[str, bool]:
    codes = [terms.code_of(place) for place in range(len(terms.prizes))]
    again = sum(prize.weight for prize in terms.prizes if prize.kind == DRAW_AGAIN)
    limits = (terms.daily_limit, terms.total_limit, terms.new_member_days)
    return {
        f"1 to {MOST_PRIZES} prizes": not 1 <= len(terms.prizes) <= MOST_PRIZES,
        "two prizes have one code": len(set(codes)) != len(codes),
        "closes_at must come after opens_at": terms.closes_at is not None
        and terms.closes_at <= terms.opens_at,
        "points_cost and free_draws_per_day must not be below zero": terms.points_cost < 0
        or terms.free_draws_per_day < 0,
        "limits and new_member_days must be above zero, or null": any(
            limit is not None and limit <= 0 for limit in limits
        ),
        "min_tier must be on the ladder": terms.min_tier_rank < 0,
        "a wheel that only says draw again never ends": again == terms.weight_total,
    }


def _faults_of(prize: PrizeTerms) -> dict[str, bool]:
    is_reward = prize.kind == REWARD
    has_amount = prize.kind not in OWN_KINDS
    return {
        "value_fen must not be below zero": prize.value_fen < 0,
        f"stock is 0 to {MOST_UNITS}, or null": prize.stock is not None
        and not 0 <= prize.stock <= MOST_UNITS,
        "a reward says how many there are": is_reward and prize.stock is None,
        "a reward says what it is worth": is_reward and prize.value_fen == 0,
        "a reward is for pickup or delivery, nothing else is": (
            prize.fulfilment in {PICKUP, DELIVERY}
        )
        is not is_reward,
        "its kind takes no amount and no item": not has_amount
        and (prize.amount != 0 or prize.item is not None),
        "nothing is never limited": prize.kind == NOTHING and prize.stock is not None,
        "its kind does not expire": prize.kind in {REWARD, NOTHING}
        and prize.expires_days is not None,
        "expires_days is 1 to 3650, or null": prize.expires_days is not None
        and not 1 <= prize.expires_days <= 3650,
    }


def _faults_of_consolation(prizes: Sequence[PrizeTerms]) -> dict[str, bool]:
    consolations = [prize for prize in prizes if prize.is_consolation]
    return {
        "only one prize is the consolation": len(consolations) > 1,
        "a limited prize needs a consolation for when it has run out": not consolations
        and any(prize.stock is not None for prize in prizes),
        "the consolation has no limit, and does not say draw again": any(
            prize.stock is not None or prize.kind == DRAW_AGAIN for prize in consolations
        ),
    }


def _faults_of_guarantee(terms: WheelTerms) -> dict[str, bool]:
    guaranteed = [prize for prize in terms.prizes if prize.is_guaranteed]
    kept = all(prize.is_guaranteed for prize in terms.prizes if prize.is_consolation)
    return {
        "guarantee_nth and guaranteed prizes go together": (terms.guarantee_nth is not None)
        is not bool(guaranteed),
        "guarantee_nth is 2 to 10000": terms.guarantee_nth is not None
        and not 2 <= terms.guarantee_nth <= 10_000,
        "a guaranteed prize must be possible": bool(guaranteed)
        and not any(prize.weight for prize in guaranteed),
        "draw again and nothing are no prizes to guarantee": any(
            prize.kind in {DRAW_AGAIN, NOTHING} for prize in guaranteed
        ),
        "where a guaranteed prize is limited the consolation is guaranteed too": not kept
        and any(prize.stock is not None for prize in guaranteed),
    }


def _those_there(place: int | None, faults: dict[str, bool]) -> Iterator[tuple[int | None, str]]:
    return ((place, sentence) for sentence, is_there in faults.items() if is_there)
