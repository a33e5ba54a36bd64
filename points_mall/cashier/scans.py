"""Scans: a member stands at a till. Every way in is here; each says what it may do.

A live code earns and spends. A static number, or a phone found by its last digits, only earns.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.errors import NotFound
from miniprogram_api.members.accounts import member_by_no, member_of, members_by_last4
from miniprogram_api.risk import blocks, limits, pace
from miniprogram_api.risk.limits import Limit
from miniprogram_api.risk.subjects import Kind
from miniprogram_api.staff import audit

from . import codes, issuing, own_accounts, tills
from .codes import Look
from .errors import CodeUsed, NotAMemberCode, ScanOver, TooManyAlike, UnknownCode
from .models import Scan, Till, UsedMemberCode
from .tills import Counter

LASTS = timedelta(minutes=10)
MOST_ALIKE = 10
CODE, NUMBER, PHONE = "code", "number", "phone"
"""How a member was known."""

SCAN_PACE, LOOKUP_PACE = "till_scan", "till_lookup"
limits.declare(SCAN_PACE, lambda s: Limit(s.till_scans_per_second, 1, s.till_scans_burst))
limits.declare(
    LOOKUP_PACE, lambda s: Limit(s.till_lookups_per_minute, 60, s.till_lookups_per_minute)
)


def scan(counter: Counter, scanned: str) -> Scan:
    """Know a member by what was scanned.

    :raises TillLocked: too many unknown codes were scanned here.
    :raises SlowDown: nobody scans as fast.
    :raises NotAMemberCode: it is something else; `looks_like` says what.
    :raises UnknownCode: nobody has it; counted.
    :raises CodeExpired: its time is over; `CodeUsed`: another scan was first.
    :raises AccountClosed: the member has left; `MemberBlocked`, `OwnAccount`: may not.
    :raises RedisAway: live codes are closed just now.
    """
    tills.require_unlocked(counter.till_id)
    pace.check(SCAN_PACE, counter.caller)
    pace.check(SCAN_PACE, f"staff:{counter.staff.staff_id}")  # whoever calls from many tills is one
    text = codes.cleaned(scanned)
    look = codes.look_of(text)
    if look is Look.MEMBER_CODE:
        taken = _taken(counter, text)
        require_welcome(counter, taken.member_id)
        return _noted(counter, taken.member_id, CODE, taken.code_hash)
    if look is Look.MEMBER_NUMBER:
        member_id = _numbered(counter, text)
        require_welcome(counter, member_id)
        return _noted(counter, member_id, NUMBER)
    raise NotAMemberCode(f"it looks like: {look.value}", looks_like=look.value)


@retrying
def look_up(counter: Counter, last4: str) -> list[Scan]:
    """Members whose phone ends so, each ready to earn; paced for each person, and an act.

    :raises TooManyAlike: more than can be told apart.
    """
    pace.check(LOOKUP_PACE, f"staff:{counter.staff.staff_id}")
    alike = members_by_last4(last4, MOST_ALIKE + 1)
    found = [one for one in alike if not _is_blocked(one.id)]
    with transaction():
        audit.record("till.look_up", f"till:{counter.till_id}", after={"found": len(found)})
        if len(alike) <= MOST_ALIKE:
            return [_insert(counter, member.id, PHONE) for member in found]
    raise TooManyAlike("more members than can be told apart", most=MOST_ALIKE)


def living_scan(counter: Counter, scan_id: int) -> Scan:
    """A scan that still may serve a sale, made at this till or by this person.

    :raises ScanOver: there is none.
    :raises AccountClosed: the member has left meanwhile.
    """
    found = made_here(counter, scan_id)
    if found.used_at is not None or found.expires_at <= now():
        raise ScanOver("it has served, or is too old")
    member_of(found.member_id)
    return found


def made_here(counter: Counter, scan_id: int) -> Scan:
    """A scan that was made at this till or by this person, whatever became of it.

    :raises ScanOver: there is none.
    """
    here = sa.or_(Scan.till_id == counter.till_id, Scan.staff_id == counter.staff.staff_id)
    found = db.session.scalar(sa.select(Scan).where(Scan.id == scan_id, here))
    if found is None:
        raise ScanOver("no scan of yours has this number")
    return found


def require_welcome(counter: Counter, member_id: int) -> None:
    """Let through a member whom this cashier may serve.

    :raises AccountClosed: the member has left.
    :raises MemberBlocked: the member is on the block list.
    :raises OwnAccount: it is the cashier's own.
    """
    member_of(member_id)
    issuing.require_not_blocked(member_id)
    own_accounts.require_other(counter.staff.staff_id, member_id)


def note_used(session: Session, counter: Counter, member_id: int, code_hash: str) -> bool:
    """Note that a live code is used; False: another scan was first. The database has the last word."""
    row = {
        "code_hash": code_hash,
        "member_id": member_id,
        "till_id": counter.till_id,
        "used_at": now(),
    }
    return bool(bulk.insert_missing(session, UsedMemberCode.__table__, [row]))


def use(scan_id: int) -> None:
    """In the caller's transaction: the scan serves its one sale.

    :raises ScanOver: it has served, or is too old.
    """
    moment = now()
    used = current_transaction().execute(
        sa.update(Scan)
        .where(Scan.id == scan_id, Scan.used_at.is_(None), Scan.expires_at > moment)
        .values(used_at=moment)
        .returning(Scan.id)
        .execution_options(synchronize_session=False)
    )
    if used.first() is None:
        raise ScanOver("it has served, or is too old")


def forget_before(moment: datetime) -> int:
    """Delete scans that were over before `moment` and served no sale; answer how many."""
    with transaction() as session:
        old = sa.delete(Scan).where(Scan.expires_at < moment, Scan.used_at.is_(None))
        return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]


def _taken(counter: Counter, code: str) -> issuing.Taken:
    """Take a live code; what Redis has forgotten the database may know."""
    try:
        return issuing.take(code, counter.code)
    except UnknownCode:
        _refuse_used(issuing.hash_of(code))
        tills.count_unknown(counter.till_id)
        raise


def _numbered(counter: Counter, number: str) -> int:
    try:
        return member_by_no(number).id
    except NotFound:
        tills.count_unknown(counter.till_id)
        raise UnknownCode("no member has this number") from None


@retrying
def _noted(counter: Counter, member_id: int, kind: str, code_hash: str | None = None) -> Scan:
    """Write the scan, and that its code is used."""
    with transaction() as session:
        if code_hash is not None and not note_used(session, counter, member_id, code_hash):
            _refuse_used(code_hash)
        tills.forgive_unknown(session, counter.till_id)
        return _insert(counter, member_id, kind)


def _insert(counter: Counter, member_id: int, kind: str) -> Scan:
    session, moment = current_transaction(), now()
    row = Scan(
        till_id=counter.till_id,
        staff_id=counter.staff.staff_id,
        member_id=member_id,
        kind=kind,
        spends=kind == CODE,
        scanned_at=moment,
        expires_at=moment + LASTS,
    )
    session.add(row)
    session.flush()  # its number is the answer
    return row


def _refuse_used(code_hash: str) -> None:
    used = db.session.execute(
        sa.select(UsedMemberCode.used_at, Till.code)
        .join(Till, Till.id == UsedMemberCode.till_id)
        .where(UsedMemberCode.code_hash == code_hash)
    ).one_or_none()
    if used is not None:
        raise CodeUsed(used.used_at, used.code)


def _is_blocked(member_id: int) -> bool:
    return bool(blocks.hits([(Kind.MEMBER, str(member_id))]))
