"""From wanting units to owning them: gate, database, and what each of them must hear afterwards.

The caller's `write` is one transaction that owns the units together with whatever they are for. What
it refuses is given back at once. A number that turns out to have an owner is forgotten, Redis is made
again, and another number is tried. An unknown outcome gives nothing back: the sweep asks the database.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import CommitUnknown, retrying
from miniprogram_api.core.errors import DomainError, Unavailable
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway
from miniprogram_api.core.settings import settings

from . import gate, sold_out, units
from .errors import Blocked, Ended, NotStarted, SoldOut
from .gate import Decision, Stale, Want, Word
from .pools import Pool, pool_of
from .rebuilding import blocked_members, load, load_after_conflict

Item = TypeVar("Item")

ATTEMPTS = 5
_log = log(__name__)


class Outcome(Enum):
    """What the transaction did with the units of a try."""

    UNKNOWN = auto()
    OWNED = auto()
    REFUSED = auto()
    CONFLICT = auto()
    ELSEWHERE = auto()


@dataclass(eq=False)
class Try(Generic[Item]):
    """Somebody's wish for units, on its way.

    :param unit_nos: the numbers to try; empty until the gate, or without Redis the database, chose.
    :param is_fresh: the gate has only just taken them; otherwise an earlier try had.
    :param refusal: why it ends here.
    """

    pool_id: int
    want: Want
    item: Item
    unit_nos: tuple[int, ...] = ()
    is_fresh: bool = False
    by_gate: bool = True
    outcome: Outcome = Outcome.UNKNOWN
    refusal: DomainError | None = None

    def refuse(self, refusal: DomainError) -> None:
        """End it: the units, if it took any just now, are for others."""
        self.refusal = refusal
        self.outcome = Outcome.REFUSED


Write = Callable[[Sequence[Try[Item]]], None]


def take(tries: Sequence[Try[Item]], write: Write[Item]) -> None:
    """Bring every try to its end: `refusal` says why not, none says that `write` owned its units.

    `write` is one whole transaction; in it, it calls `choose_without_redis` and `own`, and refuses
    single tries. It is run again when the database asks for that.
    """
    going = list(tries)
    for _ in range(ATTEMPTS):
        _ask(going)
        trying = [one for one in going if one.refusal is None]
        if not trying:
            return
        _carry_out(trying, write)
        _settle(trying)
        going = [one for one in trying if one.outcome is Outcome.CONFLICT]
        if not going:
            return
        for one in going:
            one.outcome, one.unit_nos = Outcome.UNKNOWN, ()
    for one in going:
        one.refuse(Unavailable("Redis keeps handing out units that have owners"))


def choose_without_redis(tries: Sequence[Try[Item]]) -> None:
    """In the caller's transaction: give free numbers to tries that no gate has seen."""
    by_pool = defaultdict(list)
    for one in tries:
        if not one.by_gate and one.refusal is None:
            by_pool[one.pool_id].append(one)
    for pool_id, wishes in by_pool.items():
        free = units.free_units(pool_id, sum(one.want.quantity for one in wishes))
        for one in wishes:
            mine = tuple(free[: one.want.quantity])
            if len(mine) < one.want.quantity:
                one.refuse(SoldOut())
            else:
                one.unit_nos = mine
                del free[: len(mine)]


def leave_to_owners(tries: Sequence[Try[Item]]) -> None:
    """In the caller's transaction: refused tries give nothing back that their order owns by now.

    Of two calls for one order the gate gives units to the first, and the second may be the one that
    owns them; what the first gave back then would be sold again.
    """
    refused = [one for one in tries if one.outcome is Outcome.REFUSED and one.is_fresh]
    if not refused:
        return
    owned = {
        (row.holder, row.pool_id, row.unit_no)
        for row in units.held_by(one.want.order_no for one in refused)
    }
    for one in refused:
        mine = {(one.want.order_no, one.pool_id, unit_no) for unit_no in one.unit_nos}
        if mine & owned:
            one.outcome = Outcome.ELSEWHERE


def own(tries: Sequence[Try[Item]]) -> None:
    """In the caller's transaction: make the tries' orders the owners of their units."""
    wanted = [
        units.Ownership(
            one.pool_id,
            one.want.order_no,
            one.want.member_id,
            one.unit_nos,
            pool_of(one.pool_id).allowance,
        )
        for one in tries
    ]
    for one, owns in zip(tries, units.own(wanted), strict=True):
        one.outcome = Outcome.OWNED if owns else Outcome.CONFLICT


def _ask(tries: Sequence[Try[Item]]) -> None:
    by_pool = defaultdict(list)
    for one in tries:
        by_pool[one.pool_id].append(one)
    for pool_id, wishes in by_pool.items():
        try:
            decisions = _decide(pool_of(pool_id), [one.want for one in wishes])
        except RedisAway as away:
            _without_redis(pool_of(pool_id), wishes, away)
        except DomainError as refusal:
            for one in wishes:
                one.refuse(refusal)
        else:
            for one, decision in zip(wishes, decisions, strict=True):
                _heed(one, decision)


def _decide(pool: Pool, wants: Sequence[Want]) -> list[Decision]:
    """The gate's word; a Redis that is not loaded is loaded first.

    :raises Unavailable: it was lost again meanwhile.
    """
    for _ in range(2):
        try:
            decisions = gate.decide(pool, wants)
        except Stale:
            pool = load(pool.id, pool.generation)
            continue
        if any(one.word is Word.SOLD_OUT for one in decisions):
            sold_out.remember(pool.id)
        return decisions
    raise Unavailable("the pool is being loaded")


def _heed(one: Try[Item], decision: Decision) -> None:
    if decision.may_try:
        one.unit_nos = tuple(decision.units)
        one.is_fresh = decision.word is Word.TAKEN
    else:
        one.refuse(decision.refusal())


def _without_redis(pool: Pool, wishes: Sequence[Try[Item]], away: RedisAway) -> None:
    """Slower, but as right: the window by our own clock, the numbers by the database."""
    if settings().stock_without_redis == "refuse":
        for one in wishes:
            one.refuse(away)
        return
    moment, blocked = now(), set(blocked_members())
    for one in wishes:
        one.by_gate = False
        if pool.opens_at is not None and moment < pool.opens_at:
            one.refuse(NotStarted(pool.opens_at))
        elif pool.closes_at is not None and moment >= pool.closes_at:
            one.refuse(Ended())
        elif one.want.member_id in blocked:
            one.refuse(Blocked())


def _carry_out(tries: Sequence[Try[Item]], write: Write[Item]) -> None:
    """Run the transaction; if a group breaks as a whole, each of it is tried alone."""
    try:
        _attempt(tries, write)
    except CommitUnknown as unknown:
        for one in tries:
            one.outcome, one.refusal = Outcome.UNKNOWN, unknown
    except Exception as error:  # noqa: BLE001 - told to each, and logged
        if len(tries) > 1 and not _is_out_of_reach(error):
            for one in tries:
                _carry_out([one], write)
            return
        _log.exception("claims_failed", order_nos=[one.want.order_no for one in tries])
        refusal = error if isinstance(error, DomainError) else Unavailable(type(error).__name__)
        for one in tries:
            one.refuse(refusal)
            if not one.is_fresh:  # an earlier attempt of this order may have been committed
                one.outcome = Outcome.UNKNOWN


@retrying
def _attempt(tries: Sequence[Try[Item]], write: Write[Item]) -> None:
    """Run the transaction once; what an attempt that was rolled back had decided is void."""
    for one in tries:
        one.outcome, one.refusal = Outcome.UNKNOWN, None
    write(tries)


def _is_out_of_reach(error: Exception) -> bool:
    """Whether the database cannot be had at all, so that nobody alone fares better than the group.

    An error without an SQLSTATE came from this side of the wire: not connected, SQLite locked or full.
    """
    if isinstance(error, sa.exc.TimeoutError):
        return True
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, sa.exc.OperationalError) and (
        state is None or state.startswith(("08", "53", "57P"))
    )


def _settle(tries: Sequence[Try[Item]]) -> None:
    """Tell Redis what became of the units. What it does not hear, the sweep finds out."""
    by_pool = defaultdict(list)
    for one in tries:
        if one.by_gate:
            by_pool[one.pool_id].append(one)
    for pool_id, wishes in by_pool.items():
        try:
            _settle_pool(pool_id, wishes)
        except RedisAway:
            _log.warning("units_not_settled", pool=pool_id, orders=len(wishes))


def _settle_pool(pool_id: int, wishes: Sequence[Try[Item]]) -> None:
    pool = pool_of(pool_id)
    orders: dict[Outcome, list[str]] = defaultdict(list)
    for one in wishes:
        orders[one.outcome].append(one.want.order_no)
    if owned := orders[Outcome.OWNED]:
        gate.confirm(pool_id, owned)
    gate.give_back(pool, orders[Outcome.REFUSED])
    if conflicts := orders[Outcome.CONFLICT]:
        _log.warning("units_had_owners", pool=pool_id, orders=len(conflicts))
        gate.forget(pool, conflicts)
        load_after_conflict(pool_id)
