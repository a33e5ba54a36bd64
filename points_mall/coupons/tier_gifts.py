"""What a tier's benefits promise in coupons: one a month, and one for the birthday.

A benefit names the code of a template. Each is issued once for its month or year.
"""

from collections.abc import Sequence
from datetime import date
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import clock
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import Member
from points_mall.tiers.benefits import Benefits, benefits_of

from .issuing import Issue, issue
from .reasons import BIRTHDAY, MONTHLY
from .templates import templates_with

BATCH = 500
members = cast(sa.Table, Member.__table__)


def give_monthly_coupons() -> int:
    """Issue this month's coupon to everybody whose tier has one, in batches; answer how many."""
    month, after, total = clock.today().strftime("%Y-%m"), 0, 0
    while ids := _members_after(after):
        total += issue_benefits(ids, "monthly_coupon", MONTHLY, f"monthly:{month}")
        after = ids[-1]
    return total


def give_birthday_coupons(member_ids: Sequence[int], day: date) -> int:
    """Issue the birthday coupon of their tier to members; answer how many."""
    return issue_benefits(member_ids, "birthday_gift", BIRTHDAY.code, f"birthday:{day.year}")


@retrying
def issue_benefits(member_ids: Sequence[int], benefit: str, reason: str, reference: str) -> int:
    """Issue what a benefit of the members' tiers names; a name that is no template gives nothing."""
    promised = {
        member_id: name
        for member_id, benefits in benefits_of(list(member_ids)).items()
        if (name := _named(benefits, benefit))
    }
    if not promised:
        return 0
    known = templates_with(promised.values())
    issues = [
        Issue(member_id, code, reason, reference, is_limited=False)
        for member_id, code in sorted(promised.items())
        if code in known
    ]
    with transaction():
        answers = issue(issues)
    return sum(not isinstance(one, DomainError) and not one.is_repeat for one in answers)


def _named(benefits: Benefits, benefit: str) -> str:
    return benefits.monthly_coupon if benefit == "monthly_coupon" else benefits.birthday_gift


def _members_after(after: int) -> list[int]:
    query = (
        sa.select(members.c.id)
        .where(members.c.id > after, members.c.closed_at.is_(None))
        .order_by(members.c.id)
        .limit(BATCH)
    )
    db.session.rollback()  # read what is committed now
    return list(db.session.scalars(query))
