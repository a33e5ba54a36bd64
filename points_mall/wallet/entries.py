"""An entry before and after it is written, and the chain of hashes that seals a wallet's history."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from miniprogram_api.core.db import canonical_json

from .figures import Figures

Key = tuple[str, str]
"""Reason code and reference: what makes an entry of a wallet unique."""


def genesis(member_id: int) -> str:
    """The hash before a member's first entry: it says whose wallet the chain belongs to."""
    return hashlib.sha256(f"wallet of member {member_id}".encode()).hexdigest()


@dataclass
class Entry:
    """One movement of a wallet.

    `principal_fen` and `bonus_fen` are what its cause gave or took; `after` is how that was
    settled. `undoes_seq` numbers the entry of the same wallet that it undoes, in part or whole.
    """

    seq: int
    principal_fen: int
    bonus_fen: int
    after: Figures
    reason: str
    reference: str
    undoes_seq: int | None
    explanation: dict[str, Any] | None
    actor: str
    occurred_at: datetime
    prev_hash: str
    hash: str = ""

    @property
    def gives(self) -> bool:
        """Whether it is a credit of its own cause."""
        return self.undoes_seq is None and self.principal_fen + self.bonus_fen > 0

    @property
    def takes(self) -> bool:
        """Whether it is a debit of its own cause."""
        return self.undoes_seq is None and self.principal_fen + self.bonus_fen < 0

    def sealed(self) -> str:
        """The hash that this entry must have: SHA-256 over its facts and the hash before it."""
        facts = [
            self.prev_hash,
            self.seq,
            self.principal_fen,
            self.bonus_fen,
            *self.after,
            self.reason,
            self.reference,
            self.undoes_seq,
            self.explanation,
            self.actor,
            self.occurred_at.astimezone(UTC).isoformat(timespec="microseconds"),
        ]
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()
