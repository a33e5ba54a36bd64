"""An entry before and after it is written, and the chain of hashes that seals an account's history."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from miniprogram_api.core.db import canonical_json

from .lots import Lot

GENESIS = "0" * 64
"""The hash before an account's first entry."""

Key = tuple[str, str]
"""Reason code and reference: what makes an entry of an account unique."""


@dataclass
class Entry:
    """One movement of an account; `id` is 0 until the database gave one."""

    id: int
    seq: int
    points: int
    counterparty: str
    balance_after: int
    reason: str
    reference: str
    reverses_id: int | None
    explanation: dict[str, Any] | None
    actor: str
    occurred_at: datetime
    prev_hash: str
    hash: str = ""

    def sealed(self, account_id: int) -> str:
        """The hash that this entry must have: SHA-256 over its facts and the hash before it."""
        facts = [
            self.prev_hash,
            account_id,
            self.seq,
            self.points,
            self.counterparty,
            self.balance_after,
            self.reason,
            self.reference,
            self.reverses_id,
            self.explanation,
            self.actor,
            self.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
        ]
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


class Drawn(NamedTuple):
    """What an entry took from a lot (below zero: put back)."""

    entry: Entry
    lot: Lot
    kind: str
    points: int


class Granted(NamedTuple):
    """A lot that an entry opened."""

    entry: Entry
    lot: Lot
