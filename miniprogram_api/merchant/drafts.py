"""Drafts: kept while somebody edits, shown to colleagues, gone when published or thrown away."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.errors import Conflict
from miniprogram_api.staff import audit

from .models import Draft


class EditedMeanwhile(Conflict):
    """Somebody else saved the same while this was being edited."""

    code = "edited_meanwhile"
    title_zh = "刚刚有人改过，请先看看对方的改动"
    title_en = "Somebody else has just changed this: look at their version first"


def draft_of(kind: str, subject: str) -> Draft | None:
    """The draft of something, if there is one."""
    return db.session.scalars(sa.select(Draft).filter_by(kind=kind, subject=subject)).one_or_none()


def drafts_of(kind: str) -> Sequence[Draft]:
    """Every draft of a kind, the latest first."""
    newest = sa.select(Draft).filter_by(kind=kind).order_by(Draft.edited_at.desc(), Draft.id.desc())
    return db.session.scalars(newest).all()


@retrying
def save_draft(
    kind: str,
    subject: str,
    content: Mapping[str, Any],
    *,
    title: str,
    revision: int = 0,
    base: str = "",
) -> int:
    """Keep what was typed; answer the draft's new revision.

    :param revision: the one that this was edited from; 0: there was no draft yet.
    :raises EditedMeanwhile: it is no longer that one.
    """
    with transaction() as session:
        held = session.scalars(
            sa.select(Draft)
            .filter_by(kind=kind, subject=subject)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        require_revision(held, revision)
        before = None if held is None else dict(held.content)
        if held is None:
            held = Draft(kind=kind, subject=subject, base=base, revision=0)
            session.add(held)
        held.title, held.content, held.base = title[:80], dict(content), base or held.base
        held.revision, held.edited_by, held.edited_at = revision + 1, audit.actor(), now()
        _write(session)
        audit.record(f"{kind}.draft", subject, before=before, after=content)
        return held.revision


def _write(session: Session) -> None:
    try:
        session.flush()
    except sa.exc.IntegrityError as error:  # of two new ones, the later
        raise EditedMeanwhile("somebody else began a draft at the same moment") from error


def require_revision(held: Draft | None, revision: int) -> None:
    """Refuse to write over what somebody else saved.

    :raises EditedMeanwhile: the draft is another one than that which was edited.
    """
    actual = held.revision if held is not None else 0
    if actual != revision:
        raise EditedMeanwhile(
            f"revision {actual}, not {revision}",
            revision=actual,
            edited_by=held.edited_by if held is not None else None,
            edited_at=held.edited_at if held is not None else None,
        )


def take_draft(kind: str, subject: str, revision: int) -> None:
    """Remove the draft that is being published, within the transaction that publishes it.

    :raises EditedMeanwhile: somebody saved another one since.
    """
    held = (
        current_transaction()
        .scalars(
            sa.select(Draft)
            .filter_by(kind=kind, subject=subject)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        .one_or_none()
    )
    require_revision(held, revision)
    if held is not None:
        current_transaction().delete(held)


@retrying
def discard_draft(kind: str, subject: str, revision: int) -> None:
    """Throw a draft away.

    :raises EditedMeanwhile: somebody saved another one since.
    """
    with transaction():
        take_draft(kind, subject, revision)
        audit.record(f"{kind}.discard_draft", subject)
