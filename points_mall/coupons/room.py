"""How many more coupons of a template a member may come by: counted in the database, then used up."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import clock
from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import current_transaction

from .errors import CouponLimitUsed
from .models import Coupon
from .reasons import NOT_COUNTED
from .templates import Template

coupons = cast(sa.Table, Coupon.__table__)
_TODAY = coupons.c.issued_on == sa.bindparam("today", type_=sa.Date)
_COUNTS = (
    sa.select(
        coupons.c.member_id,
        coupons.c.template_id,
        sa.func.count().label("ever"),
        sa.func.count().filter(_TODAY).label("today"),
    )
    .where(
        among(coupons.c.member_id, "members"),
        among(coupons.c.template_id, "templates"),
        coupons.c.reason.not_in(NOT_COUNTED),
    )
    .group_by(coupons.c.member_id, coupons.c.template_id)
)


@dataclass
class Room:
    """What members have had, by member and template: ever, and today."""

    had: dict[tuple[int, int], tuple[int, int]]

    def take(self, member_id: int, template: Template, count: int) -> CouponLimitUsed | None:
        """Use up a member's room, or say that there is too little."""
        limits = template.terms.limits
        ever, today = self.had.get((member_id, template.id), (0, 0))
        for period, limit, had in (
            ("ever", limits.per_member, ever),
            ("day", limits.per_day, today),
        ):
            if limit is not None and had + count > limit:
                return CouponLimitUsed(
                    f"{template.code}: {limit} a member ({period}), has had {had}",
                    period=period,
                    limit=limit,
                )
        self.had[member_id, template.id] = ever + count, today + count
        return None


def is_limited(template: Template) -> bool:
    """Whether its terms set a limit at all."""
    limits = template.terms.limits
    return limits.per_member is not None or limits.per_day is not None


def left_for(member_ids: Collection[int], templates: Sequence[Template]) -> Room:
    """The room of members whose accounts are locked, in one statement; none where nothing is limited."""
    if not member_ids or not templates:
        return Room({})
    asked = {
        "members": sorted(member_ids),
        "templates": [template.id for template in templates],
        "today": clock.today(),
    }
    rows = current_transaction().execute(_COUNTS, asked)
    return Room({(row.member_id, row.template_id): (row.ever, row.today) for row in rows})
