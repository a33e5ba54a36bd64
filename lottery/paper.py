"""A wheel on paper: the merchant's arithmetic over a version as it is drawn."""

from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress

from miniprogram_api.core.db import db
from points_mall.grants.rewards import POINTS
from points_mall.stock.models import StockUnit

from . import arithmetic
from .odds import odds_text
from .terms import DRAW_AGAIN
from .versions import Version


def simulate_wheel(version: Version, draws: int, *, shows_progress: bool) -> dict[str, Any]:
    """What so many paid draws would cost by the odds, and what a simulation of them gave."""
    prizes, guarantee = on_paper(version)
    expected = arithmetic.payback(prizes, version.points_cost, draws, guarantee)
    each = arithmetic.expected_cost(prizes, guarantee)
    with Progress(console=Console(stderr=True), disable=not shows_progress) as progress:
        task = progress.add_task("模拟 · simulating", total=draws)
        counts = arithmetic.simulate(
            version.slots, draws, progress=lambda step: progress.advance(task, step)
        )
    return {
        "draws": draws,
        "points_cost": version.points_cost,
        "points_each": _decimal(each.points),
        "fen_each": _decimal(each.fen),
        "prizes": [
            {
                "position": row.position,
                "name": version.by_position[row.position].name,
                "odds": odds_text(version.by_position[row.position].weight, version.weight_total),
                "expected": _decimal(row.expected_count),
                "simulated": counts.get(row.position, 0),
                "stock": row.stock,
                "lasts": row.lasts,
            }
            for row in expected.rows
        ],
    }


def on_paper(version: Version) -> tuple[list[arithmetic.Prize], arithmetic.Guarantee | None]:
    """The prizes of a version with what is left of them, and its guarantee."""
    left = _free_units(version)
    prizes = [
        arithmetic.Prize(
            prize.position,
            prize.weight,
            prize.amount if prize.kind == POINTS else 0,
            prize.value_fen,
            None if prize.pool_id is None else left.get(prize.pool_id, 0),
            prize.kind == DRAW_AGAIN,
        )
        for prize in version.prizes
    ]
    if version.guarantee_nth is None:
        return prizes, None
    return prizes, arithmetic.Guarantee(version.guarantee_nth, version.guaranteed)


def _free_units(version: Version) -> dict[int, int]:
    pools = [prize.pool_id for prize in version.prizes if prize.pool_id is not None]
    query = (
        sa.select(StockUnit.pool_id, sa.func.count())
        .where(StockUnit.pool_id.in_(pools), StockUnit.holder.is_(None))
        .group_by(StockUnit.pool_id)
    )
    return dict(db.session.execute(query).all())


def _decimal(value: Fraction) -> str:
    return f"{float(value):.2f}"
