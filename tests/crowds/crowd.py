"""Starting a crowd, and judging what it left behind."""

import multiprocessing
from collections import Counter
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess

import sqlalchemy as sa

from miniprogram_api.core.db import db
from points_mall.ledger import audit
from points_mall.ledger.models import (
    HoldState,
    LedgerEntry,
    PendingEarning,
    PointsAccount,
    PointsHold,
)
from points_mall.ledger.movements import Capture, Credit, Debit, Hold, Mature, Movement, Void

from .history import Fact, History
from .shopper import Errand, shop

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.crowds.shopper"])  # imported once, not by each of them


@dataclass
class Crowd:
    """Processes that shop at once; a number keeps its history when its process is replaced."""

    errand: Errand
    history: History
    running: dict[int, ForkServerProcess]

    @classmethod
    def start(cls, errand: Errand) -> "Crowd":
        """One process for each number in `errand.processes`."""
        errand.instance.mkdir(parents=True, exist_ok=True)
        crowd = cls(errand, History(errand.history), {})
        for number in errand.processes:
            crowd.send(number)
        return crowd

    def send(self, number: int) -> None:
        """Start, or replace, the process of that number."""
        self.history.write(Fact("sent", number, 0))
        errand = replace(self.errand, process=number)
        process = _processes.Process(target=shop, args=(errand,), daemon=True)
        process.start()
        self.running[number] = process

    def kill(self, number: int) -> None:
        """Kill -9; it has no say in the matter."""
        self.running[number].kill()
        self.running[number].join()

    def replace_the_dead(self) -> None:
        """Send another for each that has ended by itself."""
        for number, process in list(self.running.items()):
            if not process.is_alive():
                self.send(number)

    def latest(self) -> dict[int, Fact]:
        """The last thing that each process wrote down, or that it was sent."""
        return {fact.process: fact for fact in self.history.read()}

    def wait(self, seconds: float) -> list[int | None]:
        """Wait for all; their exit codes."""
        for process in self.running.values():
            process.join(seconds)
        return [process.exitcode for process in self.running.values()]

    def end(self) -> None:
        """No process outlives its test."""
        for number in self.running:
            self.kill(number)
        self.history.close()


# ------------------------------------------------------------------ the judgement


def judge(history: History) -> Counter[str]:
    """Assert that the ledger is right and holds all that was acknowledged; count what happened."""
    session = db.session()
    session.rollback()
    assert list(audit.findings(session)) == []
    below_zero = sa.or_(PointsAccount.available < 0, PointsAccount.held < 0, PointsAccount.debt < 0)
    assert list(session.scalars(sa.select(PointsAccount.id).where(below_zero))) == []
    facts = list(history.read())
    begun = {(fact.process, fact.call): fact for fact in facts if fact.what == "begun"}
    ledger = _Ledger()
    counts: Counter[str] = Counter()
    for fact in facts:
        counts[fact.what] += 1
        if fact.what == "done":
            movements = begun[fact.process, fact.call].movements
            for movement, answer in zip(movements, fact.entry_ids, strict=True):
                ledger.must_hold(movement, answer)
                counts[_kind(movement, answer)] += 1
    session.rollback()
    return counts


def _kind(movement: Movement, answer: int | str | None) -> str:
    name = type(movement).__name__.lower()
    return f"refused {name}" if isinstance(answer, str) else name


class _Ledger:
    """What is stored, by key, read once."""

    def __init__(self) -> None:
        session = db.session()
        self.entries = {row.id: row for row in session.scalars(sa.select(LedgerEntry))}
        self.holds = {row.reference: row.state for row in session.scalars(sa.select(PointsHold))}
        self.pendings = set(session.scalars(sa.select(PendingEarning.reference)))

    def must_hold(self, movement: Movement, answer: int | str | None) -> None:
        """What was acknowledged is there."""
        if isinstance(answer, str):
            return
        if answer is not None:
            entry = self.entries[answer]
            if isinstance(movement, Credit | Debit | Capture | Mature):
                assert entry.reference == movement.reference
            if isinstance(movement, Credit | Debit):
                assert abs(entry.points) == movement.points
            return
        if isinstance(movement, Hold):
            assert movement.reference in self.holds
        if isinstance(movement, Void):
            assert self.holds[movement.reference] in {HoldState.VOIDED, HoldState.EXPIRED}
        if isinstance(movement, Credit):
            assert movement.reference in self.pendings
        assert not isinstance(movement, Debit | Capture), movement
