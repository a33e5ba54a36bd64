"""An entry before and after it is written, and the chain of hashes that seals an account's history."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from miniprogram_api.core.db import canonical_json

from .lots import Lot

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
    expires_at: datetime | None
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
            _instant(self.occurred_at),
            self.expires_at and _instant(self.expires_at),
        ]
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


def genesis(member_id: int) -> str:
    """The hash before the first entry of a member's account: it says whose account it is."""
    return hashlib.sha256(f"member {member_id}".encode()).hexdigest()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


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
