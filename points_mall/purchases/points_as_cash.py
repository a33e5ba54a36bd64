"""Paying a part of a bill with points (积分抵现): how many, and for how much. Pure.

Whoever has many is held to the cap, never refused; and no point is spent that pays for nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """What points are worth on a bill.

    :param points_per_yuan: so many pay one yuan; 0: points do not pay bills.
    :param cap_bp: the most of a bill that they may pay, in basis points.
    """

    points_per_yuan: int
    cap_bp: int


@dataclass(frozen=True)
class PaidInPoints:
    """What points pay of a bill.

    :param points: so many are spent; `fen` is what they pay.
    :param most_fen: the cap in fen, whatever the member has.
    :param is_capped: there were, or were asked for, more points than the bill may take.
    """

    points: int
    fen: int
    most_fen: int
    is_capped: bool


NOTHING = PaidInPoints(0, 0, 0, is_capped=False)


def worth_fen(points: int, exchange: Exchange) -> int:
    """What so many points pay, in whole fen, rounded down."""
    if exchange.points_per_yuan == 0:
        return 0
    return points * 100 // exchange.points_per_yuan


def pay(bill_fen: int, available: int, wanted: int | None, exchange: Exchange) -> PaidInPoints:
    """What points pay of a bill.

    :param wanted: the most that the member wants to spend; None: as many as may be.
    """
    most_fen = bill_fen * exchange.cap_bp // 10_000
    offered = available if wanted is None else min(wanted, available)
    allowed = _most_points(most_fen, exchange)
    fen = worth_fen(max(0, min(offered, allowed)), exchange)
    points = -(-fen * exchange.points_per_yuan // 100)  # rounded up: just enough for `fen`
    return PaidInPoints(points, fen, most_fen, is_capped=offered > allowed)


def _most_points(fen: int, exchange: Exchange) -> int:
    """The most points that are worth no more than `fen`: none pays for less than it is worth."""
    return ((fen + 1) * exchange.points_per_yuan - 1) // 100
