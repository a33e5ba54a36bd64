"""One process of a crowd: an application of its own that posts to accounts which it shares.

Every call is one transaction with one movement or several. Follow-ups name what any process of the
crowd has posted lately, so captures, voids, reversals and restorations of one thing meet.
"""

import os
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import create_app
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError, Unavailable
from points_mall.ledger import posting
from points_mall.ledger.models import (
    LedgerEntry,
    PendingEarning,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from points_mall.ledger.movements import (
    Capture,
    Credit,
    Debit,
    Expire,
    Hold,
    Mature,
    Movement,
    Posted,
    Restore,
    Reverse,
    Void,
)
from points_mall.ledger.reasons import Reason, declare

from .history import Fact, History, begun, done

GIFT = declare("crowd_gift", "人群赠送", "Crowd gift", counterparty="crowd")
PURCHASE = declare(
    "crowd_purchase", "人群消费", "Crowd purchase", counterparty="crowd_shop", may_mature=True
)
ORDER = declare("crowd_order", "人群兑换", "Crowd order", counterparty="crowd_order")

ATTEMPTS = 20
KINDS = (
    Credit,
    Credit,
    Credit,
    Debit,
    Debit,
    Hold,
    Hold,
    Capture,
    Void,
    Mature,
    Reverse,
    Restore,
    Expire,
)


@dataclass(frozen=True)
class Errand:
    """What a process of the crowd is sent to do.

    :param process: its number, which is in its references; `processes` are all of the crowd.
    :param dies: how often it kills itself at `before_commit` and `after_commit`.
    """

    config: dict[str, object]
    members: list[int]
    process: int
    processes: list[int]
    calls: int
    history: Path
    instance: Path
    dies: dict[str, float] = field(default_factory=dict)


def shop(errand: Errand) -> None:
    """Run the errand; what an earlier process of this number left open is asked again first."""
    os.environ["MALL_INSTANCE"] = str(errand.instance)
    app = create_app(errand.config)
    with app.app_context():
        shopper = _Shopper(errand)
        shopper.finish_what_was_begun()
        for call in range(shopper.next_call, shopper.next_call + errand.calls):
            shopper.make(call)
        db.session.remove()
        db.engine.dispose()


class _Shopper:
    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.history = History(errand.history)
        self.next_call = 1 + max(
            fact.call for fact in self.history.read() if fact.process == errand.process
        )
        self.chance = random.Random(f"{errand.process} from {self.next_call}")

    def finish_what_was_begun(self) -> None:
        """Repeat a call whose answer nobody heard: the same references, so it counts once."""
        for fact in self.history.begun_and_not_done(self.errand.process):
            self._call(fact.call, fact.movements)

    def make(self, call: int) -> None:
        """Make up a call and make it."""
        count = self.chance.choice([1, 1, 1, 1, 2, 5])
        movements = [self._movement(f"{call}.{number}") for number in range(count)]
        self.history.write(begun(self.errand.process, call, movements))
        self._call(call, movements)

    def _call(self, call: int, movements: Sequence[Movement]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answers = self._post(call, movements)
                break
            except (sa.exc.OperationalError, Unavailable):  # it took effect, or it did not
                db.session.remove()
                self.history.write(Fact("again", self.errand.process, call))
                if attempt == ATTEMPTS:
                    raise
        self._die_perhaps("after_commit", call)
        self.history.write(done(self.errand.process, call, answers))

    @retrying
    def _post(self, call: int, movements: Sequence[Movement]) -> list[Posted | DomainError]:
        with transaction():
            self.history.write(Fact("opened", self.errand.process, call))
            answers = posting.post(movements)
            self.history.write(Fact("posted", self.errand.process, call))
            self._die_perhaps("before_commit", call)
        return answers

    def _die_perhaps(self, point: str, call: int) -> None:
        if self.chance.random() < self.errand.dies.get(point, 0):
            self.history.write(Fact(f"dies {point}", self.errand.process, call))
            os.kill(os.getpid(), signal.SIGKILL)

    # ---------------------------------------------------------------- making movements up

    def _movement(self, name: str) -> Movement:
        member = self.chance.choice(self.errand.members)
        reference = f"{self.errand.process}.{name}"
        points = self.chance.randint(1, 60)
        kind = self.chance.choice(KINDS)
        if kind is Credit:
            return self._credit(member, points, reference)
        if kind is Debit:
            return Debit(member, points, ORDER, reference)
        if kind is Hold:
            return Hold(member, points, ORDER, reference, now() + self._soon())
        if kind is Expire:
            return Expire(member, self._lot_that_is_due(member))
        return self._follow_up(kind, member, reference)

    def _credit(self, member: int, points: int, reference: str) -> Credit:
        reason = self.chance.choice([GIFT, PURCHASE])
        expires_at = self.chance.choice([None, now() + self._soon(), now() + timedelta(days=9)])
        waits = reason is PURCHASE and self.chance.random() < 0.5
        matures_at = now() + self._soon() if waits else None
        return Credit(member, points, reason, reference, expires_at, matures_at)

    def _follow_up(self, kind: type[Movement], member: int, by: str) -> Movement:
        """About something that any of us has posted lately; others may pick the same."""
        member, earlier = self.chance.choice(self._lately(kind) or [(member, "never was")])
        if kind is Capture:
            return Capture(member, ORDER, earlier, self.chance.choice([None, 1, 5]))
        if kind is Void:
            return Void(member, ORDER, earlier)
        if kind is Mature:
            return Mature(member, PURCHASE.code, earlier)
        if kind is Reverse:
            return Reverse(member, PURCHASE, earlier, self.chance.randint(1, 4), 4, by)
        return Restore(member, ORDER, earlier, by, self.chance.choice([None, None, 1]))

    def _lately(self, kind: type[Movement]) -> list[tuple[int, str]]:
        table, reason = _CAUSES[kind]
        query = (
            sa.select(PointsAccount.member_id, table.reference)
            .join(PointsAccount, PointsAccount.id == table.account_id)
            .where(table.reason == reason.code)
            .order_by(table.id.desc())
            .limit(8)
        )
        return [(row.member_id, row.reference) for row in _read(query)]

    def _lot_that_is_due(self, member: int) -> int:
        found = _read(_DUE.params(member=member, moment=now()))
        return found[0][0] or 0

    def _soon(self) -> timedelta:
        return timedelta(milliseconds=self.chance.randint(5, 1500))


_CAUSES: dict[type[Movement], tuple[Any, Reason]] = {
    Capture: (PointsHold, ORDER),
    Void: (PointsHold, ORDER),
    Mature: (PendingEarning, PURCHASE),
    Reverse: (LedgerEntry, PURCHASE),
    Restore: (LedgerEntry, ORDER),
}
"""Where that stands which a follow-up is about, and its reason."""


def _read(query: Any) -> Sequence[sa.Row[Any]]:
    """Look something up, again when the connection was cut."""
    for _ in range(ATTEMPTS):
        try:
            rows = db.session.execute(query).all()
            db.session.rollback()
        except sa.exc.OperationalError:
            db.session.remove()
        else:
            return rows
    raise RuntimeError("the database does not answer")


_DUE = (
    sa.select(sa.func.min(PointsLot.id))
    .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
    .where(
        PointsAccount.member_id == sa.bindparam("member"),
        PointsLot.remaining > PointsLot.held,
        PointsLot.expires_at <= sa.bindparam("moment", type_=PointsLot.expires_at.type),
    )
)
