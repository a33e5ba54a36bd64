"""What seals a version and a draw: each carries the hash of the one before it. Pure.

The facts are those that are published, so that a stranger can follow the chain of a day.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from miniprogram_api.core.db import canonical_json

GENESIS = "0" * 64

VERSION_FACTS = (
    "wheel_id",
    "version",
    "effective_at",
    "title",
    "opens_at",
    "closes_at",
    "rules_zh",
    "rules_en",
    "points_cost",
    "free_draws_per_day",
    "daily_limit",
    "total_limit",
    "weight_total",
    "min_tier_rank",
    "new_member_days",
    "guarantee_nth",
    "actor",
)
PRIZE_FACTS = (
    "position",
    "code",
    "name",
    "kind",
    "weight",
    "amount",
    "item",
    "value_fen",
    "pool_id",
    "expires_days",
    "fulfilment",
    "is_stocked",
    "is_consolation",
    "is_guaranteed",
)
DRAW_FACTS = (
    "draw_no",
    "wheel_id",
    "version",
    "draw_index",
    "member_ref",
    "nonce",
    "digest_hex",
    "rule",
    "picked_position",
    "granted_position",
    "paid_by",
    "points",
    "granted",
    "created_at",
)


def version_hash(
    version: Mapping[str, Any], prizes: Sequence[Mapping[str, Any]], prev_hash: str
) -> str:
    """The seal of a version with its prizes."""
    facts = [
        prev_hash,
        [_told(version[name]) for name in VERSION_FACTS],
        [[_told(prize[name]) for name in PRIZE_FACTS] for prize in prizes],
    ]
    return _hash(facts)


def draw_hash(draw: Mapping[str, Any], day: date, version_hash: str, prev_hash: str) -> str:
    """The seal of a draw of a day, which holds the version that it was drawn from."""
    facts = [_told(draw[name]) for name in DRAW_FACTS]
    return _hash([prev_hash, version_hash, day.isoformat(), facts])


def _told(value: Any) -> Any:
    """A fact as it is hashed."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _hash(facts: object) -> str:
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()
