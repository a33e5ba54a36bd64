"""Requests through gunicorn, measured against a bare route of the same processes."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from benchmarks import people, rounds
from benchmarks.kinds import BARE, BARE_CLAIM, KINDS, Stage
from benchmarks.load import Load, Order, Round
from benchmarks.rounds import Latency, Plan, Ratio, Turns
from benchmarks.shop import Server, Serving, Shop
from lottery import audit as lottery_audit
from lottery.models import Draw
from miniprogram_api.core.db import db
from points_mall.coupon_drops import audit as drops_audit
from points_mall.coupons.models import Coupon
from points_mall.ledger import audit as ledger_audit
from points_mall.redemption.models import RedemptionOrder
from points_mall.stock import audit as stock_audit

GROUPS: dict[str, tuple[str, ...]] = {
    "check_in": (BARE, "check_in"),
    "statement": (BARE, "points", "entries"),
    "draws": (BARE_CLAIM, "draw"),
    "drops": (BARE_CLAIM, "drop_claim"),
    "claims": (BARE_CLAIM, "sold_out", "winning", "textbook"),
}
REGULARS = 2000
LATENCY_OF = ("check_in", "draw", "drop_claim", "winning", "sold_out")
FASTEST = 3000
"""Right answers a second that no shop on one machine exceeds: so many people and units are made."""


class Bookkeeping:
    """Runs rounds, and notes for each how many answers there were in all and what they cost.

    Right answers are compared with the database afterwards.
    """

    def __init__(self, load: Load, serving: Serving) -> None:
        self._load = load
        self._serving = serving
        self.answered: dict[str, int] = {}

    def run(self, order: Order) -> Round:
        """Run a round."""
        before = self._serving.cpu_seconds()
        done = self._load.run(order)
        done.cpu_seconds = self._serving.cpu_seconds() - before
        self.answered[order.kind] = self.answered.get(order.kind, 0) + done.in_all
        return done


def measured(
    shop: Shop, server: Server, groups: Sequence[str], connections: Sequence[int], plan: Plan
) -> dict[str, Any]:
    """The ratios and latencies of groups of benchmarks, on one server.

    :raises WrongAnswers: the answers, or what the database says afterwards, are wrong.
    """
    seconds = plan.seconds * (plan.rounds + 3) * len(connections)
    stage = _set(int(FASTEST * seconds), groups)
    with shop.serving(server) as serving:
        wanted = {kind for group in groups for kind in GROUPS[group]}
        load = Load(serving.port, {kind: KINDS[kind](stage) for kind in sorted(wanted)})
        try:
            books = Bookkeeping(load, serving)
            found = [
                _group(books, GROUPS[group], count, plan)
                for group in groups
                for count in connections
            ]
        finally:
            load.stop()
    _prove(stage, books.answered)
    return {
        "ratios": [ratio.as_json() for ratios, _ in found for ratio in ratios],
        "latencies": [latency.as_json() for _, latencies in found for latency in latencies],
        "answered": books.answered,
    }


def _set(answers: int, groups: Sequence[str]) -> Stage:
    crowd = answers // 2 if {"check_in", "drops"} & set(groups) else 0
    units = answers if "claims" in groups else 1
    stage = Stage(
        people.gathered(REGULARS, crowd),
        people.sale(units),
        textbook_pool=people.published("bench:textbook", units // 4 + 1),
        wheel=people.wheel(),
        drop=people.drop(max(crowd, 1)),
    )
    people.analyse()
    return stage


def _group(
    books: Bookkeeping, group: Sequence[str], connections: int, plan: Plan
) -> tuple[list[Ratio], list[Latency]]:
    turns = rounds.in_turn(books, group, connections, plan)
    ratios = [rounds.compare(turns, kind, group[0], connections) for kind in group[1:]]
    if "textbook" in group:
        ratios.append(rounds.compare(turns, "winning", "textbook", connections))
    return ratios, _latencies(books, turns, connections, plan)


def _latencies(books: Bookkeeping, turns: Turns, connections: int, plan: Plan) -> list[Latency]:
    """At half of what each kind reached."""
    return [
        rounds.latency(books, kind, connections, rounds.speed(turns[kind]) / 2, plan.seconds)
        for kind in turns
        if kind in LATENCY_OF
    ]


def _prove(stage: Stage, answered: dict[str, int]) -> None:
    """What was answered is in the database, once each, and the audits find nothing."""
    people.analyse()  # the audits read tables that have just been filled
    for kind, pool_id in (
        ("winning", stage.sale.winning_pool),
        ("textbook", stage.textbook_pool),
    ):
        orders = db.session.scalar(
            sa.select(sa.func.count()).where(RedemptionOrder.pool_id == pool_id)
        )
        _expect(f"orders of {kind}", orders, answered.get(kind, 0))
    won = db.session.scalar(sa.select(sa.func.count()).select_from(Coupon))
    _expect("coupons", won, answered.get("drop_claim", 0))
    _expect("drops audit", [str(found) for found in drops_audit.findings()], [])
    drawn = db.session.scalar(sa.select(sa.func.count()).select_from(Draw))
    _expect("draws", drawn, answered.get("draw", 0))
    _expect("lottery audit", [str(found) for found in lottery_audit.findings(db.session())], [])
    _expect("ledger audit", [str(found) for found in ledger_audit.findings(db.session())], [])
    differing = [str(one) for one in stock_audit.differences() if "bench:textbook" not in str(one)]
    _expect("stock audit", differing, [])  # the textbook does not tell Redis
    db.session.rollback()


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise rounds.WrongAnswers(f"{what}: {str(found)[:500]}, should be {wanted}")
