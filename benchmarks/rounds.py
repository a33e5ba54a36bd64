"""Short rounds in turn: yardstick, candidates, yardstick, … What disturbs one disturbs the other.

A ratio is taken of rounds that are neighbours, and the median of these is told, with the smallest and
the largest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Protocol

from benchmarks.load import Order, Round

WARM_SECONDS = 1.0


class WrongAnswers(Exception):
    """The server answered something else than it should: there is nothing to measure."""


@dataclass(frozen=True)
class Plan:
    """How long to measure: `rounds` of `seconds`, of each kind in turn."""

    seconds: float = 2.0
    rounds: int = 5


@dataclass(frozen=True)
class Ratio:
    """One kind measured against another, at so many connections.

    :param cpu_ms: processor time of the web workers for an answer; steadier than a speed where
        others use the machine too.
    :param cpu_ratio: the same as a ratio: how many of this could be answered for one of the other.
    """

    kind: str
    against: str
    connections: int
    ratio: float
    lowest: float
    highest: float
    per_second: float
    cpu_ms: float
    cpu_ratio: float
    others: dict[int, int]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Latency:
    """How long answers take when so many a second are asked for, by the clock."""

    kind: str
    connections: int
    rate: float
    p50_ms: float
    p99_ms: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


Turns = dict[str, list[Round]]


class Runs(Protocol):
    """Whatever runs a round."""

    def run(self, order: Order, /) -> Round:
        """Run it."""


def in_turn(load: Runs, kinds: Sequence[str], connections: int, plan: Plan) -> Turns:
    """Rounds of each kind in turn, after one of each that does not count.

    :raises WrongAnswers: an answer was not what it should be.
    """
    for kind in kinds:
        run(load, Order(kind, connections, min(WARM_SECONDS, plan.seconds)))
    done: Turns = {kind: [] for kind in kinds}
    for _ in range(plan.rounds):
        for kind in kinds:
            done[kind].append(run(load, Order(kind, connections, plan.seconds)))
    return done


def run(load: Runs, order: Order) -> Round:
    """One round, all of whose answers are right.

    :raises WrongAnswers: they are not.
    """
    done = load.run(order)
    if done.wrong or not done.in_all:
        told = done.wrong[0][:600] if done.wrong else "no right answer at all"
        raise WrongAnswers(f"{order.kind}: {told} {dict(done.statuses)}")
    return done


def compare(turns: Turns, kind: str, against: str, connections: int) -> Ratio:
    """The ratio of neighbouring rounds."""
    pairs = zip(turns[kind], turns[against], strict=True)
    ratios = [one.per_second / other.per_second for one, other in pairs]
    statuses = sum((one.statuses for one in turns[kind]), Counter())
    usual = statuses.most_common(1)[0][0]
    return Ratio(
        kind,
        against,
        connections,
        round(median(ratios), 4),
        round(min(ratios), 4),
        round(max(ratios), 4),
        round(speed(turns[kind]), 1),
        round(_cost(turns[kind]), 3),
        round(_cost(turns[against]) / max(_cost(turns[kind]), 0.001), 4),
        {status: number for status, number in statuses.items() if status != usual},
    )


def _cost(turns: Sequence[Round]) -> float:
    return median(one.cpu_ms for one in turns)


def speed(turns: Sequence[Round]) -> float:
    """Right answers a second, the median of the rounds."""
    return median(one.per_second for one in turns)


def latency(load: Runs, kind: str, connections: int, rate: float, seconds: float) -> Latency:
    """The latencies at a given rate, counted from when a request was due.

    :raises WrongAnswers: an answer was not what it should be.
    """
    done = run(load, Order(kind, connections, seconds, rate))
    milliseconds = [round(done.latency(share) * 1000, 1) for share in (0.5, 0.99)]
    return Latency(kind, connections, round(rate, 1), *milliseconds)
