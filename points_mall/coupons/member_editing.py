"""Coupons that staff give a member, or make void, from the member's page: each leaves an act."""

import sqlalchemy as sa

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.accounts import locked_member
from miniprogram_api.members.models import Member
from miniprogram_api.staff import audit

from . import ending
from .errors import NoSuchCoupon
from .issuing import Issue, Issued, issue
from .models import Coupon
from .reasons import STAFF


@retrying
def give(member_id: int, template: str, count: int, *, why: str, key: str) -> Issued:
    """Issue coupons to a member by hand; the limits of their terms hold.

    :param key: made by the form; the same again issues nothing more.
    :raises NoSuchTemplate: there is none of that code.
    :raises TemplateOver: its last day is over.
    :raises CouponLimitUsed: the member has had as many as one may.
    """
    with transaction():
        member = locked_member(member_id)
        wanted = Issue(
            member_id, template, STAFF, f"desk:{key}", count,
            actor=audit.actor(), facts={"why": why},
        )  # fmt: skip
        (issued,) = issue([wanted])
        if isinstance(issued, DomainError):
            raise issued
        if not issued.is_repeat:
            after = {"template": template, "coupons": list(issued.codes)}
            audit.record(
                "coupon.give",
                f"member:{member.member_no}",
                before={"coupons": []},
                after=after,
                reason=why,
            )
        return issued


@retrying
def void(code: str, *, why: str) -> None:
    """Make an unused coupon of somebody's void.

    :raises NoSuchCoupon: there is none of that number.
    :raises CouponNotUsable: it is in use, used or over; nothing changes.
    """
    owner = member_no_of(code)
    with transaction():
        if ending.void([code], why, actor=audit.actor()):
            audit.record(
                "coupon.void",
                f"member:{owner}",
                before={"coupon": code, "state": "unused"},
                after={"coupon": code, "state": "void"},
                reason=why,
            )


def member_no_of(code: str) -> str:
    """The number of the member who has a coupon.

    :raises NoSuchCoupon: nobody.
    """
    found = db.session.scalar(
        sa.select(Member.member_no)
        .join(Coupon, Coupon.member_id == Member.id)
        .filter(Coupon.code == code)
    )
    if found is None:
        raise NoSuchCoupon(f"no coupon {code[:20]}", coupon=code[:20])
    return found
