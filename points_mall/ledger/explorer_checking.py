"""核对 · one account replayed from its entries, at once; that it was, and what was found, is in the audit."""

import re
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.members.accounts import member_of_record
from miniprogram_api.staff import audit as acts
from miniprogram_api.staff.models import StaffAct

from . import audit, posting
from .audit import Finding
from .errors import AccountTooLong
from .models import PointsAccount

CHECK = "ledger.check"
SUBJECT = "points_account"
MOST_ENTRIES = 20_000
"""How long an account may be to be replayed while its member waits; longer ones are the command's."""

MOST_TOLD = 20
_HASH = re.compile("[0-9a-f]{64}")


@retrying
def check(member_no: str) -> int:
    """Replay the account and compare whatever is stored of it; answer how many things differ.

    Nobody posts to it meanwhile.

    :raises AccountTooLong: it is the command's, which does not hurry.
    """
    member = member_of_record(member_no)
    with transaction() as session:
        posting.lock_accounts([member.id])
        account = session.scalars(sa.select(PointsAccount).filter_by(member_id=member.id)).one()
        if account.last_seq > MOST_ENTRIES:
            raise AccountTooLong(f"it has {account.last_seq} entries", most_entries=MOST_ENTRIES)
        found = audit.findings_of(session, account.id)
        before = last_check(member_no)
        acts.record(
            CHECK,
            f"{SUBJECT}:{member_no}",
            before=None if before is None else before.after,
            after={
                "entries": account.last_seq,
                "differences": len(found),
                "found": [_told(one) for one in found[:MOST_TOLD]],
            },
        )
        return len(found)


def last_check(member_no: str) -> StaffAct | None:
    """The latest check of an account, with what it found; None: nobody has asked for one."""
    latest = acts.acts_on(f"{SUBJECT}:{member_no}").where(StaffAct.act == CHECK).limit(1)
    return db.session.scalar(latest)


def _told(one: Finding) -> dict[str, str]:
    """A finding without what people may have typed: figures, moments and hashes only."""
    return {"what": one.what, "expected": _plain(one.expected), "stored": _plain(one.found)}


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool | int) or _HASH.fullmatch(str(value)):
        return str(value)[:16]
    return "…"
