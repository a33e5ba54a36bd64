"""Proof: replays every wallet from its entries and compares the figures that are kept of it.

Reads only; works through the wallets in batches, so memory does not grow with their number. What is
compared stands in `proofs`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import unhurried

from .entries import Entry
from .loading import to_entry, to_figures
from .models import WalletAccount, WalletEntry
from .proofs import checks

BATCH = 200

accounts = cast(sa.Table, WalletAccount.__table__)
entries = cast(sa.Table, WalletEntry.__table__)

_ACCOUNTS = (
    sa.select(accounts)
    .where(accounts.c.member_id > sa.bindparam("after"))
    .order_by(accounts.c.member_id)
)
_ENTRIES = sa.select(entries).where(among(entries.c.member_id, "members")).order_by(entries.c.seq)
_STRAYS = (
    sa.select(entries.c.member_id)
    .where(entries.c.member_id.not_in(sa.select(accounts.c.member_id)))
    .distinct()
)


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, what the entries prove, and what is stored instead."""

    member_id: int
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return (
            f"wallet of member {self.member_id}: {self.what}:"
            f" the entries prove {self.expected}, stored is {self.found}"
        )


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, wallet by wallet; nothing when all is right.

    Looks at one moment, however many post meanwhile, when the session has not read anything yet.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried(session)
    for member_id in session.scalars(_STRAYS):
        yield Finding(member_id, "the account is gone", "none", "entries of it")
    after = 0
    while rows := session.execute(_ACCOUNTS.limit(BATCH), {"after": after}).all():
        history = _histories(session, [row.member_id for row in rows])
        for row in rows:
            yield from _findings_of(row, history[row.member_id])
        after = rows[-1].member_id


def _histories(session: Session, member_ids: list[int]) -> dict[int, list[Entry]]:
    histories: dict[int, list[Entry]] = defaultdict(list)
    for row in session.execute(_ENTRIES, {"members": member_ids}):
        histories[row.member_id].append(to_entry(row))
    return histories


def _findings_of(row: Any, history: Sequence[Entry]) -> Iterator[Finding]:
    compared = checks(row.member_id, history, to_figures(row), row.last_seq, row.last_hash)
    for what, proven, found in compared:
        if proven != found:
            yield Finding(row.member_id, what, proven, found)
