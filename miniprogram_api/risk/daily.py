"""Daily caps, judged by the database in the transaction of what they limit."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, starts_at, today
from miniprogram_api.core.db import current_transaction, db, transaction

from .errors import DailyCapUsed
from .models import MemberDay

_COUNT = """
INSERT INTO member_day (member_id, day, rule, uses)
SELECT member_id, :day, :rule, uses FROM {given} WHERE uses <= :cap ORDER BY member_id
ON CONFLICT (member_id, day, rule) DO UPDATE SET uses = member_day.uses + excluded.uses
WHERE member_day.uses + excluded.uses <= :cap
RETURNING member_id
"""
_ON_POSTGRESQL = sa.text(
    _COUNT.format(
        given="unnest(CAST(:members AS bigint[]), CAST(:uses AS bigint[])) AS given(member_id, uses)"
    )
).bindparams(sa.bindparam("day", type_=sa.Date()))
_ON_SQLITE = sa.text(
    _COUNT.format(
        given="(SELECT CAST(key AS INTEGER) AS member_id, value AS uses FROM json_each(:given))"
    )
).bindparams(
    sa.bindparam("day", type_=sa.Date()),
    sa.bindparam("given", type_=sa.JSON()),
)
_USED = sa.select(MemberDay.member_id, MemberDay.uses).where(
    MemberDay.day == sa.bindparam("day"),
    MemberDay.rule == sa.bindparam("rule"),
    among(MemberDay.member_id, "members"),
)


def use_all(rule: str, cap: int, member_ids: Sequence[int], day: date | None = None) -> list[bool]:
    """Count one use of a rule today for each of `member_ids`; answer for each whether it was within.

    One statement for all; a member named n times takes n of them. Members' rows are locked, in id
    order, until the transaction ends.
    """
    answers = [False] * len(member_ids)
    rounds: dict[int, list[int]] = defaultdict(list)
    seen: Counter[int] = Counter()
    for place, member_id in enumerate(member_ids):
        rounds[seen[member_id]].append(place)
        seen[member_id] += 1
    for places in rounds.values():
        within = _use(rule, cap, dict.fromkeys(sorted(member_ids[at] for at in places), 1), day)
        for at in places:
            answers[at] = member_ids[at] in within
    return answers


def use(rule: str, cap: int, member_id: int, uses: int = 1) -> None:
    """Count `uses` of a rule by a member today.

    :raises DailyCapUsed: that would be more than `cap`; nothing is counted.
    """
    if member_id not in _use(rule, cap, {member_id: uses}, None):
        tomorrow = (starts_at(today()) - now()).total_seconds() + 24 * 3600
        raise DailyCapUsed(
            f"{rule}: {cap} a day", retry_after_seconds=int(tomorrow) + 1, rule=rule, cap=cap
        )


def used_today(rule: str, member_ids: Sequence[int]) -> dict[int, int]:
    """How much each of these members has used of a rule today; who has used nothing is left out."""
    given = {"day": today(), "rule": rule, "members": list(member_ids)}
    return {row.member_id: row.uses for row in db.session.execute(_USED, given)}


def forget_before(day: date) -> int:
    """Delete the counts of days before `day`; answer how many that were."""
    with transaction() as session:
        old = sa.delete(MemberDay).where(MemberDay.day < day)
        return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]


def _use(rule: str, cap: int, uses: dict[int, int], day: date | None) -> set[int]:
    """Count for members in id order; answer who stayed within the cap."""
    session = current_transaction()
    facts = {"rule": rule, "cap": cap, "day": day or today()}
    if session.get_bind().dialect.name == "postgresql":
        lists = {"members": list(uses), "uses": list(uses.values())}
        return set(session.scalars(_ON_POSTGRESQL, facts | lists))
    return set(session.scalars(_ON_SQLITE, facts | {"given": uses}))
