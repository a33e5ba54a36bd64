"""The gate: one round trip to Redis decides a group of claims on a pool.

A "taken" is a permission to try, never the last word: the database owns the units.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from miniprogram_api.core.errors import DomainError, SlowDown
from miniprogram_api.core.redis import Script
from miniprogram_api.core.settings import settings

from .errors import AllowanceUsed, Blocked, Ended, NotStarted, SoldOut
from .pools import Pool

PENDING_SECONDS = 15
"""After this a unit that was taken but never confirmed may be swept: three statement time-outs."""


class Word(StrEnum):
    """What the gate answers to a claim."""

    TAKEN = "taken"
    HELD = "held"
    SOLD_OUT = "sold_out"
    ALLOWANCE_USED = "allowance_used"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    BLOCKED = "blocked"
    SLOW_DOWN = "slow_down"


@dataclass(frozen=True)
class Want:
    """A member wants units of a pool for an order; the same order always has the same units."""

    member_id: int
    order_no: str
    quantity: int = 1


@dataclass(frozen=True)
class Decision:
    """What the gate said.

    :param units: the numbers to try, where it said taken or held.
    """

    word: Word
    detail: str = ""

    @property
    def may_try(self) -> bool:
        """Whether there are units to try."""
        return self.word in {Word.TAKEN, Word.HELD}

    @property
    def units(self) -> list[int]:
        """The numbers to try."""
        return [int(unit) for unit in self.detail.split(",")]

    def refusal(self) -> DomainError:
        """The same as what the shopper hears."""
        match self.word:
            case Word.NOT_STARTED:
                return NotStarted(datetime.fromtimestamp(int(self.detail) / 1e6, UTC))
            case Word.SLOW_DOWN:
                wait = math.ceil(int(self.detail) / 1000)
                return SlowDown("too many attempts", retry_after_seconds=wait)
            case Word.ENDED:
                return Ended()
            case Word.ALLOWANCE_USED:
                return AllowanceUsed()
            case Word.BLOCKED:
                return Blocked()
            case _:
                return SoldOut()


class Stale(Exception):
    """Redis does not have the pool in the generation that we know; it must be loaded again."""


_gate = Script(__file__, "scripts/gate.lua")
_confirm = Script(__file__, "scripts/confirm.lua")
_give_back = Script(__file__, "scripts/give_back.lua")

_KEYS = ("meta", "free", "who", "orders", "pending", "pace", "blocked")


def keys_of(pool_id: int, *names: str) -> list[str]:
    """The Redis keys of a pool; they share one slot of a cluster."""
    return [f"{{pool:{pool_id}}}:{name}" for name in names or _KEYS]


def decide(pool: Pool, wants: Sequence[Want]) -> list[Decision]:
    """Ask for all of `wants` in one round trip.

    :raises Stale: the pool is not loaded, or in another generation.
    :raises RedisAway: Redis did not answer; whether it took units is unknown, the sweep finds out.
    """
    interval = int(settings().claim_interval_seconds * 1_000_000)
    facts: list[int | str] = [pool.generation, PENDING_SECONDS * 1_000_000, interval]
    facts.append(settings().claim_burst)
    for want in wants:
        facts += (want.member_id, want.order_no, want.quantity)
    words = _gate(keys_of(pool.id), facts)
    if len(words) == 1:
        raise Stale(pool.code)
    return [
        Decision(Word(word.decode()), detail.decode())
        for word, detail in zip(words[::2], words[1::2], strict=True)
    ]


def confirm(pool_id: int, order_nos: Sequence[str]) -> None:
    """The database has the units of these orders."""
    _confirm(keys_of(pool_id, "pending"), order_nos)


def give_back(pool: Pool, order_nos: Iterable[str]) -> None:
    """The units of these orders can be taken again; an order that holds none is left alone."""
    _end(pool, "free", order_nos)


def forget(pool: Pool, order_nos: Iterable[str]) -> None:
    """These orders do not have their units, and the units are not free: others own them."""
    _end(pool, "forget", order_nos)


def _end(pool: Pool, how: str, order_nos: Iterable[str]) -> None:
    ended = list(order_nos)
    if ended:
        _give_back(
            keys_of(pool.id, "free", "who", "orders", "pending", "meta"),
            [pool.generation, how, *ended],
        )
