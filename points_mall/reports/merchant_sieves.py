"""How the list of members is filtered: by what they did last, by when they joined, by their tier.

The spans are those of the dashboard, so that each of its figures leads to the members that it counts.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import starts_at, today
from miniprogram_api.core.settings import settings
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.listing import Choice
from miniprogram_api.merchant.member_tabs import Sieve, add_sieve
from points_mall.tiers.ladder import tier_of_code, tiers
from points_mall.tiers.models import MemberTier

from .figures import NEW_DAYS
from .models import MemberActivity

LIVELY, TIER = "lively", "tier"
ACTIVE, NEW, IDLE = "active", "new", "idle-"
IDLE_DAYS = (30, 60, 90)


def idle(days: int) -> str:
    """The value that asks for who did nothing for so many days."""
    return f"{IDLE}{days}"


def by_life() -> Choice:
    """Active, idle for so long, new; the spans of the settings among them."""
    active, spans = settings().member_active_days, {*IDLE_DAYS, settings().member_dormant_days}
    return Choice(
        LIVELY,
        "活跃与沉睡",
        "Active or dormant",
        (
            (ACTIVE, f"活跃（{active} 天内）", f"Active (within {active} days)"),
            *(
                (idle(days), f"{days} 天以上没有动静", f"Nothing for {days} days or more")
                for days in sorted(spans)
            ),
            (NEW, f"近 {NEW_DAYS} 天新增", f"Joined within {NEW_DAYS} days"),
        ),
    )


def living(value: str) -> sa.Select[int]:
    """Who is as lively as that; of the new, also those who have left again."""
    if value == NEW:
        return sa.select(Member.id).where(Member.joined_at >= _within(NEW_DAYS))
    seen = sa.select(MemberActivity.member_id)
    if value == ACTIVE:
        return seen.where(MemberActivity.last_at >= _within(settings().member_active_days))
    return seen.where(MemberActivity.last_at < _within(int(value.removeprefix(IDLE))))


def by_tier() -> Choice:
    """The tiers of the ladder in force."""
    steps = [(tier.code, tier.name_zh, tier.name_en) for tier in tiers()]
    return Choice(TIER, "全部等级", "Any tier", steps)


def standing_on(code: str) -> sa.Select[int]:
    """Open accounts on a tier; who has no row stands on the lowest, who is above the ladder on its highest."""
    tier = tier_of_code(code) or tiers()[0]
    open_accounts = sa.select(Member.id).where(Member.closed_at.is_(None))
    if tier.rank == 0:
        above = sa.select(MemberTier.member_id).filter_by(member_id=Member.id)
        return open_accounts.where(~above.where(MemberTier.rank > 0).exists())
    is_highest = tier.rank == tiers()[-1].rank
    on_it = MemberTier.rank >= tier.rank if is_highest else MemberTier.rank == tier.rank
    return open_accounts.join(MemberTier, MemberTier.member_id == Member.id).where(on_it)


def _within(days: int) -> datetime:
    """When the last so many days of the shop began, today among them."""
    return starts_at(today() - timedelta(days=days - 1))


add_sieve(Sieve(LIVELY, by_life, living))
add_sieve(Sieve(TIER, by_tier, standing_on))
