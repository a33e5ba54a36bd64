"""A wheel while it is typed: drawn, with its odds, what a draw costs, and whether the prizes will last.

What is typed may be half done: what is no number yet counts as nothing, and what cannot be told is left out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from miniprogram_api.merchant.fields import fen_typed
from miniprogram_api.merchant.forms import Form
from miniprogram_api.pages.shell import say
from points_mall.grants.rewards import POINTS

from . import arithmetic, odds
from .arithmetic import Guarantee, Prize
from .terms import DRAW_AGAIN, NOTHING, WheelTerms

PLANNED, MOST_PLANNED = 10_000, 1_000_000
SIMULATED = 10_000
PALETTE = (
    "#0a9d58", "#f59f00", "#4299e1", "#d6336c", "#7950b8", "#17a2b8", "#e8590c", "#74a012",
    "#a0522d", "#3f51b5",
)  # fmt: skip
PALE = "#cfd4da"
_CENTRE, _RADIUS = 110, 104


@dataclass(frozen=True)
class Slice:
    """A prize on the wheel.

    :param path: of its sector, for the SVG; empty: it has no share.
    """

    row: int
    name: str
    colour: str
    path: str
    odds: str
    one_in: str


@dataclass(frozen=True)
class Sketch:
    """What the preview shows. `cost`, `lasts` and `missing`: None where they cannot be told yet."""

    slices: list[Slice]
    sum: int
    total: int
    cost: arithmetic.Cost | None
    points_cost: int
    planned: int
    lasts: list[tuple[str, int, str]]
    guarantee: Guarantee | None

    @property
    def is_whole(self) -> bool:
        """Whether the weights add up."""
        return self.sum == self.total > 0


def sketch(form: Form, planned: int = PLANNED) -> Sketch:
    """The wheel that a form draws so far."""
    rows = form.rows("prizes")
    weights = {row: number_in(form, f"prizes-{row}-weight") for row in rows}
    total = sum(weights.values())
    prizes = [_prize(form, row, place) for place, row in enumerate(rows, start=1)]
    guarantee = _guarantee(form, rows)
    planned = min(max(planned, 1), MOST_PLANNED)
    told = _told(prizes, number_in(form, "points_cost"), planned, guarantee)
    names = {place: form.value(f"prizes-{row}-name") for place, row in enumerate(rows, start=1)}
    return Sketch(
        _slices(form, rows, weights),
        total,
        number_in(form, "weight_total"),
        told and arithmetic.expected_cost(prizes, guarantee),
        number_in(form, "points_cost"),
        planned,
        [(names[row.position], row.stock or 0, chance(row.lasts)) for row in told.rows
         if row.lasts is not None] if told else [],
        guarantee,
    )  # fmt: skip


def simulated(terms: WheelTerms) -> list[tuple[str, str, float, int]]:
    """Ten thousand draws by these weights: name, odds set, how many are expected, how many came."""
    slots = [odds.Slot(place, one.weight) for place, one in enumerate(terms.prizes, start=1)]
    counts = arithmetic.simulate(slots, SIMULATED)
    return [
        (
            prize.name,
            odds.odds_text(prize.weight, terms.weight_total),
            round(SIMULATED * prize.weight / terms.weight_total, 1),
            counts[place],
        )
        for place, prize in enumerate(terms.prizes, start=1)
    ]


def chart_of(names: Sequence[str], expected: Sequence[float], seen: Sequence[float]) -> Any:
    """Bars of what was set beside what was seen."""
    return {
        "type": "bar",
        "data": {
            "labels": list(names),
            "datasets": [
                {"label": say("设定", "Set"), "data": list(expected), "backgroundColor": PALE},
                {"label": say("实际", "Seen"), "data": list(seen), "backgroundColor": PALETTE[0]},
            ],
        },
        "options": {"plugins": {"legend": {"position": "bottom"}}},
    }


def number_in(form: Form, name: str) -> int:
    """The whole number in a field; 0 while it is none."""
    text = form.value(name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else 0


def chance(probability: float) -> str:
    """A probability as people read it: never 100% where it is not."""
    if probability >= 1:
        return "100%"
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


def colours(kinds: Sequence[str]) -> list[str]:
    """A colour for each prize; what gives nothing is pale."""
    bright = iter(range(len(kinds)))
    return [PALE if kind == NOTHING else PALETTE[next(bright) % len(PALETTE)] for kind in kinds]


def one_in(weight: int, total: int) -> str:
    """How many draws there are for one of it."""
    if not weight or not total:
        return say("不会抽中", "Never")
    draws = Fraction(total, weight)
    shown = f"{round(draws):,}" if draws >= 10 else f"{float(draws):.1f}".removesuffix(".0")
    return say(f"约 {shown} 抽 1 次", f"About 1 in {shown}")


def _told(
    prizes: list[Prize], points_cost: int, planned: int, guarantee: Guarantee | None
) -> arithmetic.Payback | None:
    if not any(prize.weight for prize in prizes):
        return None
    try:
        return arithmetic.payback(prizes, points_cost, planned, guarantee)
    except odds.BadWeights:
        return None


def _prize(form: Form, row: int, place: int) -> Prize:
    kind, stock = form.value(f"prizes-{row}-kind"), form.value(f"prizes-{row}-stock")
    return Prize(
        place,
        number_in(form, f"prizes-{row}-weight"),
        number_in(form, f"prizes-{row}-amount") if kind == POINTS else 0,
        fen_typed(form.value(f"prizes-{row}-value_fen")) or 0,
        number_in(form, f"prizes-{row}-stock") if stock else None,
        kind == DRAW_AGAIN,
    )


def _guarantee(form: Form, rows: Sequence[int]) -> Guarantee | None:
    nth = number_in(form, "guarantee_nth")
    positions = frozenset(
        place
        for place, row in enumerate(rows, start=1)
        if form.is_on(f"prizes-{row}-is_guaranteed")
    )
    return Guarantee(nth, positions) if 2 <= nth <= 10_000 and positions else None


def _slices(form: Form, rows: Sequence[int], weights: dict[int, int]) -> list[Slice]:
    total = sum(weights.values())
    shades = colours([form.value(f"prizes-{row}-kind") for row in rows])
    found, before = [], 0
    for row, colour in zip(rows, shades, strict=True):
        weight = weights[row]
        path = _sector(before / total, (before + weight) / total) if weight else ""
        shown = odds.odds_text(weight, total) if total else "—"
        name = form.value(f"prizes-{row}-name")
        found.append(Slice(row, name, colour, path, shown, one_in(weight, total)))
        before += weight
    return found


def _sector(begins: float, ends: float) -> str:
    """A sector of the wheel from one share of the turn to another, clockwise from the top."""
    if ends - begins > 0.9999:  # an arc cannot lead back to where it begins: two halves do
        half = f"a {_RADIUS} {_RADIUS} 0 1 1"
        return f"M {_CENTRE} {_CENTRE - _RADIUS} {half} 0 {2 * _RADIUS} {half} 0 {-2 * _RADIUS} Z"
    (x1, y1), (x2, y2) = _point(begins), _point(ends)
    is_large = int(ends - begins > 0.5)
    arc = f"A {_RADIUS} {_RADIUS} 0 {is_large} 1 {x2:.2f} {y2:.2f}"
    return f"M {_CENTRE} {_CENTRE} L {x1:.2f} {y1:.2f} {arc} Z"


def _point(share: float) -> tuple[float, float]:
    angle = 2 * math.pi * share - math.pi / 2
    return _CENTRE + _RADIUS * math.cos(angle), _CENTRE + _RADIUS * math.sin(angle)
