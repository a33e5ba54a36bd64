"""Upgrade gifts: given once for a tier that growth has reached, their points taken back when it was not.

What a member should have follows from where growth has lifted them; this compares it with what was
given. Rewards other than points are given at the first time only, and are not taken back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import DomainError
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant
from points_mall.grants.rewards import POINTS, Reward
from points_mall.ledger import posting
from points_mall.ledger.movements import Reverse

from .ladder import ladders
from .models import TierGift
from .reasons import TIER_GIFT
from .records import Record, gifts_by_code
from .standing import Outcome
from .steps import Tier

gifts = cast(sa.Table, TierGift.__table__)


@dataclass(frozen=True)
class Due:
    """A gift that a member has earned and not got."""

    member_id: int
    tier: Tier
    version: int
    number: int

    @property
    def reference(self) -> str:
        """What makes a repeat harmless."""
        return _reference(self.tier.code, self.number)


def square(found: Sequence[tuple[Record, Outcome]]) -> None:
    """Take back the gifts of rises that were undone, give those of rises that were not yet rewarded."""
    undone: list[Any] = []
    due: list[Due] = []
    for record, outcome in found:
        wanted = dict(_wanted(outcome))
        by_code = gifts_by_code(record.gifts)
        held = {row.code: row for row in record.gifts if row.taken_back_at is None}
        undone += [row for code, row in held.items() if not _is_for(row, wanted.get(code))]
        due += [
            Due(record.member_id, tier, version, 1 + len(by_code[code]))
            for code, (tier, version) in wanted.items()
            if not _is_for(held.get(code), (tier, version))
        ]
    _take_back(undone)
    _give(due)


def missing_or_extra(record: Record, outcome: Outcome) -> list[str]:
    """The tiers whose gifts a member has and should not, or has not and should."""
    wanted = dict(_wanted(outcome))
    held = {row.code: row for row in record.gifts if row.taken_back_at is None}
    return sorted(
        code
        for code in wanted.keys() | held.keys()
        if not _is_for(held.get(code), wanted.get(code))
    )


def _wanted(outcome: Outcome) -> Iterator[tuple[str, tuple[Tier, int]]]:
    """The gifts of the tiers that growth has lifted a member to, by code, as the ladder had them."""
    by_version = {one.version: one.terms for one in ladders()}
    for reached in outcome.reached:
        tier = by_version[reached.version].tier_of_rank(reached.rank)
        if tier.upgrade_gift:
            yield tier.code, (tier, reached.version)


def _is_for(row: Any, wanted: tuple[Tier, int] | None) -> bool:
    return row is not None and wanted is not None and row.ladder_version == wanted[1]


def _take_back(rows: Sequence[Any]) -> None:
    if not rows:
        return
    moment = now()
    marks = [{"id": row.id, "taken_back_at": moment} for row in rows]
    bulk.update(current_transaction(), gifts, marks)
    movements = [_reversal(row) for row in rows if row.points]
    for answer in posting.post(movements):
        if isinstance(answer, DomainError):
            raise answer  # the gift was posted, or the row would not be here


def _reversal(row: Any) -> Reverse:
    reference = _reference(row.code, row.number)
    by = f"{reference}:undone"
    return Reverse(row.member_id, TIER_GIFT, reference, 1, 1, by, {"tier": row.code})


def _give(due: Sequence[Due]) -> None:
    if not due:
        return
    moment = now()
    bulk.insert(current_transaction(), gifts, [_row(one, moment) for one in due])
    grant_all([grant for one in due for grant in _grants(one)])


def _row(due: Due, moment: datetime) -> dict[str, Any]:
    return {
        "member_id": due.member_id,
        "code": due.tier.code,
        "number": due.number,
        "ladder_version": due.version,
        "points": sum(reward.points for reward in due.tier.upgrade_gift),
        "given_at": moment,
        "taken_back_at": None,
    }


def _grants(due: Due) -> Iterator[Grant]:
    for reward in due.tier.upgrade_gift:
        if reward.kind == POINTS or due.number == 1:
            yield Grant(
                due.member_id,
                reward.kind,
                reward.amount,
                TIER_GIFT,
                due.reference,
                item=reward.item,
                expires_at=_expiry(reward),
                explanation={"tier": due.tier.code, "ladder_version": due.version},
            )


def _expiry(reward: Reward) -> datetime | None:
    """The end of the last day, where the ladder names a life."""
    if reward.valid_days is None:
        return None
    return starts_at(today() + timedelta(days=reward.valid_days + 1))


def _reference(code: str, number: int) -> str:
    return f"tier:{code}:{number}"
