"""Draw chances: granted once for their cause, used soonest-to-expire first, gone when they expire.

They are a kind of grant, so that check-ins, purchases and campaigns may give them without knowing
the lottery. An item names the wheel; without one a chance is good for any.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import now, starts_at, to_day
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.settings import settings
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.kinds import Grant, Granted, GrantKind, Item, check_amount
from points_mall.grants.rewards import Reward

from .models import DrawChanceGrant, DrawChanceUse, Wheel

DRAW_CHANCE = "draw_chance"
AGAIN = "draw_again"
"""The reason of a chance that a draw itself gave: it counts towards no limit."""

MOST_CHANCES = 100

grants = cast(sa.Table, DrawChanceGrant.__table__)
uses = cast(sa.Table, DrawChanceUse.__table__)

_USED = (
    sa.select(sa.func.count())
    .select_from(uses)
    .where(uses.c.grant_id == grants.c.id)
    .scalar_subquery()
)
_LIVING = (
    sa.select(grants, grants.c.count.label("granted"), _USED.label("used"))
    .where(
        among(grants.c.member_id, "members"),
        sa.or_(
            grants.c.expires_at.is_(None),
            grants.c.expires_at > sa.bindparam("moment", type_=grants.c.expires_at.type),
        ),
        grants.c.count > _USED,
    )
    .order_by(grants.c.expires_at.is_(None), grants.c.expires_at, grants.c.id)
)


@dataclass
class Chances:
    """One grant that a member can still draw with: `used` of `count`."""

    grant_id: int
    wheel_id: int | None
    count: int
    used: int
    is_again: bool
    expires_at: datetime | None

    @property
    def left(self) -> int:
        """How many draws it is still good for."""
        return self.count - self.used

    def is_for(self, wheel_id: int) -> bool:
        """Whether it can be used on a wheel."""
        return self.left > 0 and self.wheel_id in {None, wheel_id}


@dataclass(frozen=True)
class Use:
    """The nth draw of a grant, about to be used."""

    grant_id: int
    nth: int
    of_count: int


def living(
    session: Session, member_ids: Iterable[int], moment: datetime
) -> dict[int, list[Chances]]:
    """The chances that members have, soonest to expire first, in one statement.

    For using them the members' accounts are locked by the caller, so nobody else uses the same.
    """
    criteria = {"members": sorted(set(member_ids)), "moment": moment}
    found: dict[int, list[Chances]] = defaultdict(list)
    for row in session.execute(_LIVING, criteria):
        found[row.member_id].append(_chances(row))
    return found


def chances_of(member_id: int) -> list[Chances]:
    """The chances of one member, to be read."""
    return living(db.session(), [member_id], now())[member_id]


def count_for(chances: Iterable[Chances], wheel_id: int) -> int:
    """How many draws of a wheel they are good for."""
    return sum(one.left for one in chances if one.is_for(wheel_id))


def use(chances: Sequence[Chances], wheel_id: int, *, again: bool) -> Use | None:
    """Take the chance soonest to expire that is good for a wheel; None: there is none.

    :param again: those that a draw gave, or the others.
    """
    for one in chances:
        if one.is_for(wheel_id) and one.is_again is again:
            one.used += 1
            return Use(one.grant_id, one.used, one.count)
    return None


def write_uses(session: Session, used: Sequence[tuple[Use, str]], moment: datetime) -> None:
    """Write down which draws used which chances; the draws are written already."""
    rows = [
        {
            "grant_id": one.grant_id,
            "nth": one.nth,
            "of_count": one.of_count,
            "draw_no": draw_no,
            "used_at": moment,
        }
        for one, draw_no in used
    ]
    bulk.insert(session, uses, rows)


def give_chances(given: Sequence[Grant]) -> list[Granted]:
    """Give each grant's chances, in one statement; a repeat gives no more."""
    moment = now()
    rows = [_row(grant, moment) for grant in given]
    bulk.insert_missing(current_transaction(), grants, rows)
    return [Granted({"amount": grant.amount}) for grant in given]


def _row(grant: Grant, moment: datetime) -> dict[str, Any]:
    return {
        "member_id": grant.member_id,
        "wheel_id": int(grant.item) if grant.item else None,
        "count": grant.amount,
        "reason": grant.reason.code,
        "reference": grant.reference,
        "granted_at": moment,
        "expires_at": grant.expires_at or default_expiry(moment),
    }


def again_row(
    member_id: int, wheel_id: int, reference: str, moment: datetime, expires_at: datetime | None
) -> dict[str, Any]:
    """One more draw of a wheel, as a draw gives it."""
    return {
        "member_id": member_id,
        "wheel_id": wheel_id,
        "count": 1,
        "reason": AGAIN,
        "reference": reference,
        "granted_at": moment,
        "expires_at": expires_at,
    }


def default_expiry(moment: datetime) -> datetime | None:
    """When a chance is gone that was granted at a moment, unless its rule says otherwise."""
    days = settings().draw_chance_valid_days
    return expiry_after(moment, days) if days else None


def expiry_after(moment: datetime, days: int) -> datetime:
    """The end of the last of so many whole days of the shop."""
    return starts_at(to_day(moment) + timedelta(days=days + 1))


def _chances(row: Any) -> Chances:
    return Chances(row.id, row.wheel_id, row.granted, row.used, row.reason == AGAIN, row.expires_at)


def _check(reward: Reward) -> None:
    check_amount(Reward(reward.kind, reward.amount), MOST_CHANCES)
    if reward.item is None:
        return
    is_number = reward.item.isascii() and reward.item.isdecimal() and len(reward.item) < 18
    if not is_number or db.session.get(Wheel, int(reward.item)) is None:
        raise RewardNotAllowed(f"there is no wheel {reward.item}", kind=DRAW_CHANCE)


def _items() -> list[Item]:
    """The wheels that are drawn now or later, the newest first."""
    is_to_end = sa.or_(Wheel.closes_at.is_(None), Wheel.closes_at > now())
    alive = sa.select(Wheel.id, Wheel.title).where(Wheel.closed_at.is_(None), is_to_end)
    rows = db.session.execute(alive.order_by(Wheel.id.desc()))
    return [Item(str(row.id), row.title, row.title) for row in rows]


DRAW_CHANCES = GrantKind(DRAW_CHANCE, "抽奖机会", "Draw chance", give_chances, _check, _items)
