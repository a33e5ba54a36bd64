"""The merchant's arithmetic: what a wheel costs, how long its prizes last, what it pays back.

Pure functions over the weights that draw. Expected values are exact fractions; a caller rounds once,
where it shows them. No table, no clock, no request.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from lottery import fairness
from lottery.odds import BadWeights, Slot, guaranteed, ladder, odds

_BATCH = 10_000
_NEGLIGIBLE = 1e-18


class Prize(NamedTuple):
    """A slot as the merchant sees it: what it gives away, and how many there are."""

    position: int
    weight: int
    points: int = 0
    value_fen: int = 0
    stock: int | None = None
    draws_again: bool = False

    @property
    def slot(self) -> Slot:
        """The place on the wheel."""
        return Slot(self.position, self.weight)


class Guarantee(NamedTuple):
    """At latest the `nth` draw of a member gives one of the prizes at `positions`."""

    nth: int
    positions: frozenset[int]


class Cost(NamedTuple):
    """What is given away, on average: points, and the worth of prizes in fen."""

    points: Fraction
    fen: Fraction


class Row(NamedTuple):
    """One prize in the table of what a number of draws pays back."""

    position: int
    odds: Fraction
    expected_count: Fraction
    cost: Cost
    stock: int | None
    lasts: float | None
    """The probability that the stock suffices; None: there is no limit."""


class Payback(NamedTuple):
    """What a number of paid draws takes in and gives out."""

    paid_draws: int
    draws: Fraction
    """With those that "draw again" adds."""
    income_points: int
    cost: Cost
    rows: list[Row]

    @property
    def ratio(self) -> Fraction | None:
        """Points given out for each point taken in; None: the draws are free."""
        return self.cost.points / self.income_points if self.income_points else None


def odds_in_the_long_run(
    slots: Sequence[Slot], guarantee: Guarantee | None = None
) -> dict[int, Fraction]:
    """How often each position comes up for a member who draws on and on.

    Without a guarantee these are the published odds. With one, a member's draws fall into rounds
    that each end with exactly one guaranteed prize, on its turn or on the `nth` draw; so a round's
    mean length L = (1 - (1-g)^nth) / g, g being the odds of the guaranteed set, decides all.

    :raises BadWeights: if no guaranteed prize can be drawn.
    """
    total = sum(slot.weight for slot in slots)
    plain = {slot.position: odds(slot.weight, total) for slot in slots}
    if guarantee is None:
        return plain
    kept, kept_total = guaranteed(slots, guarantee.positions)
    g = odds(kept_total, total)
    missed = (1 - g) ** guarantee.nth
    length = (1 - missed) / g
    by_chance = 1 - (1 - g) ** (guarantee.nth - 1) / length
    result = {position: share * by_chance for position, share in plain.items()}
    result.update({slot.position: odds(slot.weight, kept_total) / length for slot in kept})
    return result


def draws_per_paid_draw(prizes: Sequence[Prize], guarantee: Guarantee | None = None) -> Fraction:
    """How many draws one paid draw leads to: those that "draw again" adds may add more.

    :raises BadWeights: if nothing but "draw again" can come up.
    """
    long_run = odds_in_the_long_run([prize.slot for prize in prizes], guarantee)
    again = sum((long_run[prize.position] for prize in prizes if prize.draws_again), Fraction(0))
    if again == 1:
        raise BadWeights("a wheel that only says 'draw again' never ends")
    return 1 / (1 - again)


def expected_cost(prizes: Sequence[Prize], guarantee: Guarantee | None = None) -> Cost:
    """What one paid draw gives away on average, the draws that it leads to included.

    An exhausted prize falls to its consolation, which is not counted: this is what the wheel costs
    while its prizes last.
    """
    long_run = odds_in_the_long_run([prize.slot for prize in prizes], guarantee)
    draws = draws_per_paid_draw(prizes, guarantee)
    return Cost(
        sum((draws * long_run[prize.position] * prize.points for prize in prizes), Fraction(0)),
        sum((draws * long_run[prize.position] * prize.value_fen for prize in prizes), Fraction(0)),
    )


def payback(
    prizes: Sequence[Prize], points_cost: int, paid_draws: int, guarantee: Guarantee | None = None
) -> Payback:
    """The table of what `paid_draws` draws take in, give out and use up.

    `lasts` is exact without a guarantee. With one it treats draws as independent, while in truth
    their wins are spread more evenly: a stock above what is expected lasts more surely than it says.
    """
    long_run = odds_in_the_long_run([prize.slot for prize in prizes], guarantee)
    per_paid = draws_per_paid_draw(prizes, guarantee)
    each = expected_cost(prizes, guarantee)
    return Payback(
        paid_draws,
        paid_draws * per_paid,
        points_cost * paid_draws,
        Cost(each.points * paid_draws, each.fen * paid_draws),
        [_row(prize, long_run[prize.position], per_paid, paid_draws) for prize in sorted(prizes)],
    )


def _row(prize: Prize, share: Fraction, per_paid: Fraction, paid_draws: int) -> Row:
    expected = share * per_paid * paid_draws
    cost = Cost(expected * prize.points, expected * prize.value_fen)
    lasts = None
    if prize.stock is not None and not prize.draws_again:
        # Whatever "draw again" adds, a paid draw ends with exactly one other prize: this one with
        # the odds `share * per_paid`.
        lasts = stock_lasts(share * per_paid, paid_draws, prize.stock)
    return Row(prize.position, share, expected, cost, prize.stock, lasts)


def stock_lasts(share: Fraction, draws: int, stock: int) -> float:
    """The probability that a prize drawn with odds `share` is won at most `stock` times.

    This is the binomial distribution's sum. The smaller of its two tails is summed, outwards from
    where it is largest, so rare events keep their digits.
    """
    if stock >= draws or share == 0:
        return 1.0
    if stock < 0 or share == 1:
        return 0.0
    if stock >= share * draws:
        return 1.0 - _tail(share, draws, stock + 1, 1)
    return _tail(share, draws, stock, -1)


def stock_needed(share: Fraction, draws: int, confidence: float) -> int:
    """The smallest stock that lasts for so many draws with at least that probability."""
    least, most = 0, draws
    while least < most:
        middle = (least + most) // 2
        if stock_lasts(share, draws, middle) >= confidence:
            most = middle
        else:
            least = middle + 1
    return least


def _tail(share: Fraction, draws: int, start: int, step: int) -> float:
    """The binomial probabilities from `start` outwards, each from the one before it."""
    ratio = float(share / (1 - share))
    terms: list[float] = []
    term, count = _exactly(share, draws, start), start
    while 0 <= count <= draws and term > _NEGLIGIBLE * (terms[0] if terms else 0.0):
        terms.append(term)
        if step > 0:
            term *= (draws - count) / (count + 1) * ratio
        else:
            term *= count / (draws - count + 1) / ratio
        count += step
    return min(math.fsum(terms), 1.0)


def _exactly(share: Fraction, draws: int, count: int) -> float:
    """The probability of exactly `count` wins; logarithms, because its factors are beyond floats."""
    log_ways = math.lgamma(draws + 1) - math.lgamma(count + 1) - math.lgamma(draws - count + 1)
    rest = draws - count
    return math.exp(log_ways + count * math.log(share) + rest * math.log1p(-float(share)))


def simulate(
    slots: Sequence[Slot],
    draws: int,
    seed: bytes | None = None,
    progress: Callable[[int], object] | None = None,
) -> dict[int, int]:
    """Draw so many times as production does, and count the wins of each position.

    :param seed: the same seed gives the same counts; None: a new one.
    :param progress: is told, now and then, how many draws were made since it was last told.
    """
    seed = fairness.new_seed() if seed is None else seed
    ends, positions = ladder(slots)
    counts = [0] * len(ends)
    for start in range(0, draws, _BATCH):
        batch = range(start, min(start + _BATCH, draws))
        for index in batch:
            drawn = fairness.number(seed, fairness.message(0, 0, "simulation", index, ""), ends[-1])
            counts[bisect_right(ends, drawn)] += 1
        if progress is not None:
            progress(len(batch))
    return dict(zip(positions, counts, strict=True))
