"""备注 · what staff write down about a member: added, never changed, gone with the account."""

from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.members.accounts import locked_member
from miniprogram_api.staff import audit

from .models import MemberNote

LONGEST_NOTE = 500


@retrying
def write(member_id: int, text: str) -> int:
    """Write a note; answer its number. The audit names the note and keeps none of its words.

    :raises AccountClosed: nothing is written about who has left.
    """
    with transaction() as session:
        member = locked_member(member_id)
        note = MemberNote(
            member_id=member_id, text=text, written_by=audit.actor(), written_at=now()
        )
        session.add(note)
        session.flush()  # the act names it
        audit.record("member.note", f"member:{member.member_no}", after={"note": note.id})
        return note.id


def notes_of(member_id: int) -> sa.Select[MemberNote]:
    """A query for the notes about a member, the latest first."""
    return sa.select(MemberNote).filter_by(member_id=member_id).order_by(MemberNote.id.desc())


def export_notes(member_id: int) -> list[dict[str, Any]]:
    """What staff wrote about the member, as plain JSON."""
    return [
        {"text": row.text, "written_at": in_shop_time(row.written_at).isoformat()}
        for row in db.session.scalars(notes_of(member_id))
    ]


def forget_member(member_id: int, **_facts: object) -> None:
    """Delete the notes, in the transaction that closes the account."""
    current_transaction().execute(sa.delete(MemberNote).filter_by(member_id=member_id))
