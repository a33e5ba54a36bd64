"""A member's own acts: profile, phone, closing the account. Enrolment and login stand beside."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from miniprogram_api.auth.services import end_all_sessions
from miniprogram_api.core.clock import now, today
from miniprogram_api.core.crypto import blind_index, seal, sealed_with_newest
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.outbox import enqueue
from miniprogram_api.risk import pace
from miniprogram_api.wechat.extension import wechat

from .accounts import last4_index, locked_member, openid_of, phone_of, phone_place
from .consents import has_given
from .errors import BirthdayNotAllowed, GuardianConsentNeeded, NicknameNotAllowed, PhoneTaken
from .events import member_closing
from .models import Member, MemberIdentity
from .names import follow_nickname
from .nickname import is_fit_for_others, verdict_on
from .rules import age_on, international, is_birthday, tidied_nickname

GUARDIAN = "guardian"
CHECK_NICKNAME = "members.check_nickname"


def update_profile(member_id: int, changes: dict[str, Any]) -> None:
    """Change what is given of `nickname` and `birthday`; None empties it.

    :raises NicknameNotAllowed: nobody may see this nickname.
    :raises BirthdayNotAllowed: nobody can be born then.
    :raises GuardianConsentNeeded: a child's birthday, and the guardian has not agreed.
    """
    values: dict[str, Any] = {}
    if "nickname" in changes:
        values |= _fit_nickname(member_id, changes["nickname"])
    if "birthday" in changes:
        values["birthday"] = _fit_birthday(member_id, changes["birthday"])
    with transaction():
        member = locked_member(member_id)
        for name, value in values.items():
            setattr(member, name, value)
        if "nickname" in values:
            follow_nickname(member_id, member.nickname)
        if member.nickname and "nickname" in values and not member.nickname_checked:
            enqueue(CHECK_NICKNAME, {"member_id": member_id})


def bind_phone(member_id: int, code: str) -> None:
    """Bind the phone number for which WeChat gave the code; the same number again changes nothing.

    :raises PhoneCodeInvalid: the code is not one, expired, used, or another mini-program's.
    :raises PhoneTaken: another open account has the number.
    """
    pace.check("phone", f"m:{member_id}")
    given = wechat().phone_number(code)
    _bind(member_id, international(given.number, given.country_code))


def close_account(member_id: int) -> None:
    """Close the account for good: what is personal is erased, the books stay under a bare number.

    Features above are told first and settle theirs in the same transaction. Every session ends.
    The same WeChat user may enrol anew, as somebody else.

    :raises AccountClosed: it is closed already.
    :raises WalletNotEmpty: there is money in the wallet that the member paid in.
    """
    _close(member_id)


def recheck_nickname(member_id: int) -> None:
    """Check a nickname that could not be checked when it was given; a risky one is removed.

    :raises WeChatError: WeChat is still away.
    """
    member = db.session.get(Member, member_id)
    openid = openid_of(member_id)
    if member is None or member.nickname is None or member.nickname_checked or openid is None:
        return
    nickname = member.nickname
    verdict = verdict_on(nickname, openid)
    with transaction() as session:
        unchanged = sa.update(Member).filter_by(id=member_id, nickname=nickname)
        if verdict == "pass":
            session.execute(unchanged.values(nickname_checked=True))
        elif verdict == "risky":
            emptied = unchanged.values(nickname=None).returning(Member.id)
            if session.execute(emptied).first() is not None:
                follow_nickname(member_id, None)


def reseal_phones(at_most: int = 500, after_id: int = 0) -> tuple[int, int | None]:
    """Seal phones anew that are not sealed with the newest key, in batches, after a change of keys.

    Those that were not indexed by their last four digits yet are.

    :returns: how many were, and the id after which to go on; None: that was all.
    """
    with transaction() as session:
        members = session.scalars(
            sa.select(Member)
            .where(Member.id > after_id, Member.phone_sealed.is_not(None))
            .order_by(Member.id)
            .limit(at_most)
            .with_for_update()
        ).all()
        old = [
            one
            for one in members
            if one.phone_last4_index is None or not sealed_with_newest(one.phone_sealed or "")
        ]
        for member in old:
            phone = phone_of(member) or ""
            member.phone_sealed = seal(phone, phone_place(member.id))
            member.phone_last4_index = last4_index(phone)
        return len(old), members[-1].id if len(members) == at_most else None


def _fit_nickname(member_id: int, given: str | None) -> dict[str, Any]:
    if given is None:
        return {"nickname": None, "nickname_checked": False}
    nickname = tidied_nickname(given)
    if nickname is None:
        raise NicknameNotAllowed("a nickname has 1 to 32 visible characters")
    return {
        "nickname": nickname,
        "nickname_checked": is_fit_for_others(nickname, openid_of(member_id)),
    }


def _fit_birthday(member_id: int, birthday: date | None) -> date | None:
    if birthday is None:
        return None
    if not is_birthday(birthday, today()):
        raise BirthdayNotAllowed("nobody alive was born on that day")
    is_child = age_on(birthday, today()) < settings().guardian_consent_below_years
    if is_child and not has_given(member_id, GUARDIAN):
        raise GuardianConsentNeeded("a child's guardian has to agree first", document=GUARDIAN)
    return birthday


@retrying
def _bind(member_id: int, phone: str) -> None:
    index = blind_index(phone, "member.phone")
    try:
        with transaction():
            member = locked_member(member_id)
            if member.phone_index != index:
                member.phone_index, member.phone_sealed = index, seal(phone, phone_place(member_id))
                member.phone_last4_index = last4_index(phone)
    except sa.exc.IntegrityError:
        raise PhoneTaken("another account has this phone number") from None


@retrying
def _close(member_id: int) -> None:
    with transaction() as session:
        member = locked_member(member_id, closing=True)
        member_closing.emit(member_id=member_id)
        session.execute(sa.delete(MemberIdentity).filter_by(member_id=member_id))
        end_all_sessions(member_id)
        member.nickname = member.birthday = member.phone_sealed = member.phone_index = None
        member.phone_last4_index = None
        member.nickname_checked = False
        member.closed_at = now()
        follow_nickname(member_id, None)
