"""Tills: registered, opened by their first use, locked for guessing, taken out of service."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.staff import audit
from miniprogram_api.staff.sessions import Present

from .devices import checked_key
from .errors import NoSuchTill, OtherStore, TillLocked, TillRevoked, TillTaken
from .models import Till


@dataclass(frozen=True)
class Counter:
    """Who acts, and at which till."""

    till_id: int
    code: str
    store: str | None
    staff: Present

    @property
    def caller(self) -> str:
        """How the till is named where its pace is kept."""
        return f"till:{self.till_id}"

    @property
    def actor(self) -> str:
        """How who acts is named in the books."""
        return f"staff:{self.staff.username}"


def external_id(till_code: str, receipt_no: str) -> str:
    """The number of a sale among the purchases of all tills: the till's code and its receipt."""
    return f"{till_code}:{receipt_no}"


def own_code(staff: Present) -> str:
    """The till of somebody who names none."""
    return f"u{staff.staff_id}"


def counter_of(code: str, staff: Present) -> Counter:
    """The counter where somebody acts.

    A till that is not known is opened by its first use, unless tills must be registered; such a one
    belongs to the store of who opened it and has no device key.

    :raises NoSuchTill: it is not registered, and must be.
    :raises TillRevoked: it is out of service.
    :raises OtherStore: it stands in another store than the caller's.
    """
    till = db.session.scalar(sa.select(Till).filter_by(code=code))
    if till is None or (settings().tills_must_be_registered and not till.is_registered):
        till = _opened(code, staff)
    if till.revoked_at is not None:
        raise TillRevoked(f"till {code} was taken out of service")
    require_store(staff, till.store)
    return Counter(till.id, till.code, till.store, staff)


def require_store(staff: Present, store: str | None) -> None:
    """Let through who may act for a store.

    :raises OtherStore: the caller belongs to another one.
    """
    if staff.store is not None and staff.store != store:
        raise OtherStore(f"it belongs to store {store or '-'}, you to {staff.store}")


@retrying
def register(code: str, name: str, store: str | None, public_key: str, staff: Present) -> Till:
    """Register a till with the key of its device; one that its first use opened is taken over.

    :raises DeviceKeyInvalid: that is no key.
    :raises TillTaken: it is registered already, with another key or out of service.
    :raises OtherStore: the caller belongs to another store.
    """
    key = checked_key(public_key)
    require_store(staff, store)
    with transaction() as session:
        bulk.insert_missing(session, Till.__table__, [_row(code, staff, store)])
        till = _locked(session, code)
        if till.is_registered and (till.public_key != key or till.revoked_at is not None):
            raise TillTaken(f"there is a till {code}")
        require_store(staff, till.store)
        before = _shown(till)
        till.name, till.store, till.public_key = name, store, key
        till.is_registered, till.registered_by = True, f"staff:{staff.username}"
        audit.record("till.register", f"till:{till.id}", before=before, after=_shown(till))
        return till


@retrying
def revoke(code: str, staff: Present | None, reason: str) -> Till:
    """Take a till out of service, for good; again changes nothing."""
    with transaction() as session:
        till = _locked(session, code)
        if staff is not None:
            require_store(staff, till.store)
        if till.revoked_at is None:
            till.revoked_at = now()
            audit.record("till.revoke", f"till:{till.id}", reason=reason)
        return till


@retrying
def unlock(code: str, staff: Present | None, reason: str) -> Till:
    """Open a till that unknown codes have locked."""
    with transaction() as session:
        till = _locked(session, code)
        if staff is not None:
            require_store(staff, till.store)
        till.unknown_codes, till.locked_until = 0, None
        audit.record("till.unlock", f"till:{till.id}", reason=reason)
        return till


def require_unlocked(till_id: int) -> None:
    """Let through unless guessing has locked the till.

    :raises TillLocked: it has.
    """
    until = db.session.scalar(sa.select(Till.locked_until).filter_by(id=till_id))
    if until is not None and until > now():
        wait = ceil((until - now()).total_seconds())
        raise TillLocked(
            "too many unknown codes were scanned here", retry_after_seconds=wait, locked_until=until
        )


@retrying
def count_unknown(till_id: int) -> None:
    """An unknown code was scanned; from a number of them in a row on the till is locked."""
    with transaction() as session:
        till = session.get(Till, till_id, with_for_update=True, populate_existing=True)
        if till is None:
            return
        till.unknown_codes += 1
        if till.unknown_codes >= settings().till_lock_after > 0:
            till.unknown_codes = 0
            till.locked_until = now() + timedelta(minutes=settings().till_lock_minutes)
            audit.record("till.locked", f"till:{till_id}", by="system")


def forgive_unknown(session: Session, till_id: int) -> None:
    """A good code was scanned: those before it were slips."""
    session.execute(
        sa.update(Till)
        .where(Till.id == till_id, Till.unknown_codes > 0)
        .values(unknown_codes=0)
        .execution_options(synchronize_session=False)
    )


def till_with(code: str) -> Till:
    """A till by its code.

    :raises NoSuchTill: there is none.
    """
    till = db.session.scalar(sa.select(Till).filter_by(code=code))
    if till is None:
        raise NoSuchTill(f"no till {code}")
    return till


def tills_of(staff: Present | None) -> sa.Select[Till]:
    """A query for the tills that somebody may act for."""
    query = sa.select(Till)
    return query if staff is None or staff.store is None else query.filter_by(store=staff.store)


@retrying
def _opened(code: str, staff: Present) -> Till:
    if settings().tills_must_be_registered:
        raise NoSuchTill(f"till {code} is not registered")
    with transaction() as session:
        if bulk.insert_missing(session, Till.__table__, [_row(code, staff, staff.store)]):
            audit.record("till.open", f"till:{code}")
        return session.scalars(sa.select(Till).filter_by(code=code)).one()


def _row(code: str, staff: Present, store: str | None) -> dict[str, object]:
    return {
        "code": code,
        "name": code,
        "store": store,
        "registered_by": f"staff:{staff.username}",
        "registered_at": now(),
        "is_registered": False,
        "unknown_codes": 0,
    }


def _locked(session: Session, code: str) -> Till:
    till = session.scalar(
        sa.select(Till)
        .filter_by(code=code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if till is None:
        raise NoSuchTill(f"no till {code}")
    return till


def _shown(till: Till) -> dict[str, object]:
    return {"name": till.name, "store": till.store, "is_registered": till.is_registered}
