"""Members' rows, read and locked, and what is read from them."""

import sqlalchemy as sa

from miniprogram_api.core.crypto import blind_index, unseal
from miniprogram_api.core.db import current_transaction, db
from miniprogram_api.core.errors import NotFound
from miniprogram_api.core.settings import settings

from .errors import AccountClosed
from .models import Member, MemberIdentity
from .rules import is_member_no


def member_of(member_id: int) -> Member:
    """The member's row, to be read.

    :raises AccountClosed: the account is closed.
    """
    member = db.session.get(Member, member_id)
    if member is None or member.closed_at is not None:
        raise AccountClosed("the account is closed")
    return member


def member_by_no(member_no: str) -> Member:
    """The open account of a member number.

    :raises NotFound: there is none.
    """
    member = None
    if is_member_no(member_no):
        member = db.session.scalar(sa.select(Member).filter_by(member_no=member_no, closed_at=None))
    if member is None:
        raise NotFound("no member has this number")
    return member


def member_of_record(member_no: str) -> Member:
    """The account of a member number, open or closed: its books are kept.

    :raises NotFound: there is none.
    """
    found = None
    if is_member_no(member_no):
        found = db.session.scalar(sa.select(Member).filter_by(member_no=member_no))
    if found is None:
        raise NotFound("no member has this number")
    return found


def member_id_of_no(member_no: str) -> int:
    """Who has a member number.

    :raises NotFound: nobody.
    """
    return member_by_no(member_no).id


def openid_of(member_id: int) -> str | None:
    """How WeChat names the member to this mini-program; None: not, or no longer."""
    return db.session.scalar(
        sa.select(MemberIdentity.openid).filter_by(member_id=member_id, appid=settings().wx_appid)
    )


def member_id_with(openid: str) -> int | None:
    """Whom WeChat means by an openid of this mini-program; None: nobody of ours."""
    return db.session.scalar(
        sa.select(MemberIdentity.member_id).filter_by(openid=openid, appid=settings().wx_appid)
    )


def phone_of(member: Member) -> str | None:
    """The member's phone number in clear, `+8613800138000`; for those who must have it."""
    return member.phone_sealed and unseal(member.phone_sealed, phone_place(member.id))


def last4_index(phone: str) -> str:
    """The keyed hash by which the phones are found whose last four digits are those of `phone`."""
    return blind_index(phone[-4:], "member.phone_last4")


def members_by_last4(last4: str, at_most: int) -> list[Member]:
    """Open accounts whose phone number ends so, at most so many, the oldest first."""
    alike = sa.select(Member).filter_by(phone_last4_index=last4_index(last4), closed_at=None)
    return list(db.session.scalars(alike.order_by(Member.id).limit(at_most)))


def public_name(member: Member) -> str:
    """What other shoppers may see of a member: a checked nickname, else a number's end."""
    if member.nickname and member.nickname_checked:
        return member.nickname
    return f"会员{member.member_no[-4:]}"


def locked_member(member_id: int, *, closing: bool = False) -> Member:
    """The member's row, locked until the transaction ends.

    Who changes the profile waits for others who do; who closes the account also waits for logins
    and for whatever is being written about the member, and they for it.

    :raises AccountClosed: the account is closed.
    """
    lock = {"key_share": not closing}
    member = current_transaction().get(
        Member, member_id, with_for_update=lock, populate_existing=True
    )
    if member is None or member.closed_at is not None:
        raise AccountClosed("the account is closed")
    return member


def phone_place(member_id: int) -> str:
    """What a sealed phone number is bound to."""
    return f"member.phone:{member_id}"
