"""What a member agreed to: given, withdrawn, listed. Every act stays on record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.settings import settings

from .accounts import locked_member
from .errors import DocumentOutdated, UnknownDocument
from .models import Consent, Member


@dataclass(frozen=True)
class ConsentState:
    """How a member stands to a document: the version in force, and the last act, if any."""

    document: str
    current_version: str
    given: bool
    version: str | None = None
    at: datetime | None = None


def documents() -> Mapping[str, str]:
    """The documents that a member may agree to, each with the version in force."""
    pairs = (item.strip().partition(":") for item in settings().consent_documents.split(","))
    return {document: version for document, _, version in pairs if document}


def record_consent(member_id: int, document: str, version: str, *, given: bool) -> None:
    """Record that a member agrees to a version, or withdraws. What stands already is not repeated.

    :raises UnknownDocument: there is no such document.
    :raises DocumentOutdated: agreeing to a version that is no longer in force.
    """
    current = documents().get(document)
    if current is None:
        raise UnknownDocument(f"no document is called {document}", documents=list(documents()))
    if given and version != current:
        raise DocumentOutdated(f"version {current} is in force", current_version=current)
    with transaction() as session:
        locked_member(member_id)  # orders two acts at once; a closed account agrees to nothing
        last = _last_acts(member_id).get(document)
        if last is not None and (last.version, last.given) == (version, given):
            return
        session.add(
            Consent(member_id=member_id, document=document, version=version, given=given, at=now())
        )


def consents_of(member_id: int) -> Sequence[ConsentState]:
    """How a member stands to each document there is."""
    last = _last_acts(member_id)
    return [
        _state(document, version, last.get(document)) for document, version in documents().items()
    ]


def consent_history(member_id: int) -> Sequence[Consent]:
    """Every act of a member, oldest first."""
    return db.session.scalars(
        sa.select(Consent).filter_by(member_id=member_id).order_by(Consent.id)
    ).all()


def has_given(member_id: int, document: str) -> bool:
    """Whether a member's consent to a document, in some version, stands."""
    last = _last_acts(member_id).get(document)
    return last is not None and last.given


def forget_old_consents(at_most: int = 5_000) -> int:
    """Delete the records of accounts closed long ago (`consent_record_days`); how many."""
    closed_before = now() - timedelta(days=settings().consent_record_days)
    with transaction() as session:
        closed = sa.select(Member.id).where(Member.closed_at < closed_before)
        old = sa.select(Consent.id).where(Consent.member_id.in_(closed)).limit(at_most)
        return session.execute(  # type: ignore[attr-defined,no-any-return]
            sa.delete(Consent).where(Consent.id.in_(old))
        ).rowcount


def _last_acts(member_id: int) -> dict[str, Consent]:
    return {act.document: act for act in consent_history(member_id)}


def _state(document: str, current_version: str, last: Consent | None) -> ConsentState:
    if last is None:
        return ConsentState(document, current_version, given=False)
    return ConsentState(document, current_version, last.given, last.version, last.at)
