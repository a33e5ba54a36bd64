"""A process of its own that drains the inbox and is killed where it hurts most."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import create_app
from miniprogram_api.core import db as database
from points_mall.purchases import draining, inbox
from points_mall.purchases.facts import Paid, Refunded
from points_mall.purchases.inbox import Applied, Notice
from points_mall.purchases.recording import record_purchases
from points_mall.purchases.refunds import record_refunds

from .shop import LATER, NOON

SALE, REFUND = "KILLED.SALE", "KILLED.REFUND"
BEFORE_COMMIT, AFTER_COMMIT, NEVER = "before_commit", "after_commit", ""


@dataclass(frozen=True)
class Errand:
    """Where to drain, and when to die: at this moment of that commit, counted from one."""

    config: dict[str, object]
    instance: Path
    dies: str
    at_commit: int


def drain(errand: Errand) -> None:
    """Drain until nothing is left, or until death."""
    os.environ["MALL_INSTANCE"] = str(errand.instance)
    app = create_app(errand.config)
    join()
    with app.app_context():
        die_at(errand)
        draining.drain()


def join() -> None:
    """Apply the notices of this test."""
    inbox._appliers |= {("till", SALE): apply_sales, ("till", REFUND): apply_refunds}


def apply_sales(notices: Sequence[Notice]) -> list[Applied]:
    facts = [sale_of(notice.resource) for notice in notices]
    return [Applied(note=str(answer.outcome)) for answer in record_purchases(facts)]


def apply_refunds(notices: Sequence[Notice]) -> list[Applied]:
    facts = [refund_of(notice.resource) for notice in notices]
    return [Applied(note=str(answer.outcome)) for answer in record_refunds(facts)]


def sale_of(told: dict[str, Any]) -> Paid:
    return Paid("till", told["receipt"], 10_00, NOON, told["member"], "午餐")


def refund_of(told: dict[str, Any]) -> Refunded:
    purchase = ("till", told["receipt"])
    return Refunded("till", f"{told['receipt']}-1", purchase, LATER, amount_fen=3_00)


def die_at(errand: Errand) -> None:
    """Kill ourselves right before or right after the chosen commit."""
    commit, count = database._commit, iter(range(1, 10**9))

    def committing(session: Any) -> None:
        is_the_one = next(count) == errand.at_commit
        if is_the_one and errand.dies == BEFORE_COMMIT:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(session)
        if is_the_one and errand.dies == AFTER_COMMIT:
            os.kill(os.getpid(), signal.SIGKILL)

    database._commit = committing
