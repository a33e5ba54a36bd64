"""From a WeChat identity to a member: found, or enrolled at the first login."""

from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.answers import WeChatSession

from .events import member_enrolled
from .models import Member, MemberIdentity
from .rules import new_member_no

ATTEMPTS = 4


def enrol_or_find(identity: WeChatSession) -> tuple[Member, bool]:
    """The member behind a WeChat identity, and whether this call enrolled it.

    However many logins of one identity arrive at once, one enrols and the others find. A known
    unionid of another of our programs leads to the same member. The member's row is locked against
    being closed until the transaction ends.
    """
    session = current_transaction()
    for _attempt in range(ATTEMPTS):
        if member := _found(session, identity):
            return member, False
        if member := _enrolled(session, identity):
            member_enrolled.emit(member_id=member.id, joined_at=member.joined_at)
            return member, True
    raise Unavailable("the account is being opened or closed elsewhere")


def _found(session: Session, identity: WeChatSession) -> Member | None:
    known = _identity_of(session, identity)
    if known is None:
        return None
    # The mildest lock that closing an account waits for: logins do not wait for one another.
    mild = {"read": True, "key_share": True}
    member = session.get(Member, known.member_id, with_for_update=mild, populate_existing=True)
    if member is None or member.closed_at is not None:
        return None  # closed since we read the identity, which is gone by now
    _note(session, identity, known)
    return member


def _identity_of(session: Session, identity: WeChatSession) -> MemberIdentity | None:
    own = session.scalar(
        sa.select(MemberIdentity).filter_by(appid=settings().wx_appid, openid=identity.openid)
    )
    if own is not None or identity.unionid is None:
        return own
    return session.scalars(
        sa.select(MemberIdentity).filter_by(unionid=identity.unionid).order_by(MemberIdentity.id)
    ).first()


def _note(session: Session, identity: WeChatSession, known: MemberIdentity) -> None:
    """Keep what this login tells for the first time: a unionid, or the openid of this program.

    Where another login was faster, or another member has the same unionid, nothing changes: whether
    two members are one person is not for a login to decide.
    """
    with suppress(sa.exc.IntegrityError), session.begin_nested():
        if known.appid != settings().wx_appid:
            session.add(_identity(known.member_id, identity))
        elif identity.unionid is not None and known.unionid is None:
            known.unionid = identity.unionid


def _enrolled(session: Session, identity: WeChatSession) -> Member | None:
    """A new member, or None where another login of the same identity was faster."""
    try:
        with session.begin_nested():
            member = Member(member_no=new_member_no(), joined_at=now())
            session.add(member)
            session.flush()  # the identity refers to the member's id
            session.add(_identity(member.id, identity))
    except sa.exc.IntegrityError:
        return None
    return member


def _identity(member_id: int, identity: WeChatSession) -> MemberIdentity:
    return MemberIdentity(
        member_id=member_id,
        appid=settings().wx_appid,
        openid=identity.openid,
        unionid=identity.unionid,
    )
