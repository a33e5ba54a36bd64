"""Proof: replays every account from its entries and compares whatever is cached or derived.

Reads only; works through the accounts in batches, so memory does not grow with their number. What
is compared, and what cannot be, stands in `proofs`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.db import unhurried

from .models import (
    HoldPart,
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PointsAccount,
    PointsHold,
    PointsLot,
)
from .proofs import Stored, checks
from .reloading import to_entry, to_lot

BATCH = 200

accounts = PointsAccount.__table__
entries = LedgerEntry.__table__
lots = PointsLot.__table__
draws = LotDraw.__table__
holds = PointsHold.__table__
parts = HoldPart.__table__
pendings = PendingEarning.__table__


_OWNERS = (
    *(("account", table.c.account_id, accounts) for table in (entries, lots, holds, pendings)),
    ("lot", draws.c.lot_id, lots),
    ("hold", parts.c.hold_id, holds),
)
"""What rows belong to, the column that says so, and where the owner must be."""


@dataclass(frozen=True)
class Finding:
    """Something that differs: where, what the entries prove, and what is stored instead."""

    account_id: int
    what: str
    expected: object
    found: object

    def __str__(self) -> str:
        return (
            f"account {self.account_id}: {self.what}:"
            f" the entries prove {self.expected}, stored is {self.found}"
        )


def findings(session: Session) -> Iterator[Finding]:
    """Everything that differs, account by account; nothing when the ledger is right.

    Looks at one moment of the ledger, however many post to it meanwhile, when the session has not
    read anything yet.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    unhurried(session)
    yield from _strays(session)
    last_id = 0
    while rows := session.execute(
        sa.select(accounts).where(accounts.c.id > last_id).order_by(accounts.c.id).limit(BATCH)
    ).all():
        yield from _differing(session, rows)
        last_id = rows[-1].id


def findings_of(session: Session, account_id: int) -> list[Finding]:
    """Everything that differs in one account, which the caller has locked."""
    rows = session.execute(sa.select(accounts).where(accounts.c.id == account_id)).all()
    return list(_differing(session, rows))


def _differing(session: Session, rows: Any) -> Iterator[Finding]:
    for account in _load(session, rows):
        for what, proven, found in checks(account):
            if proven != found:
                yield Finding(account.row.id, what, proven, found)


def _strays(session: Session) -> Iterator[Finding]:
    """Rows of accounts, lots or holds that are gone; foreign keys refuse them, unless switched off."""
    for what, column, owner in _OWNERS:
        query = sa.select(column).where(~sa.exists().where(owner.c.id == column)).distinct()
        for missing in session.scalars(query):
            account_id = missing if owner is accounts else 0
            yield Finding(account_id, f"{what} {missing} is gone", "none", "rows of it")


def _load(session: Session, rows: Any) -> Iterator[Stored]:
    ids = {"accounts": [row.id for row in rows]}

    def of_accounts(table: Any) -> dict[int, list[Any]]:
        query = sa.select(table).where(among(table.c.account_id, "accounts")).order_by(table.c.id)
        return _grouped(session.execute(query, ids), "account_id")

    by_account = {table: of_accounts(table) for table in (entries, lots, holds, pendings)}
    own_draws = _grouped(
        session.execute(
            sa.select(draws, lots.c.account_id)
            .join(lots, lots.c.id == draws.c.lot_id)
            .where(among(lots.c.account_id, "accounts"))
            .order_by(draws.c.id),
            ids,
        ),
        "account_id",
    )
    own_parts = _grouped(
        session.execute(
            sa.select(parts)
            .join(holds, holds.c.id == parts.c.hold_id)
            .where(among(holds.c.account_id, "accounts")),
            ids,
        ),
        "hold_id",
    )
    for row in rows:
        stored = sorted(map(to_entry, by_account[entries][row.id]), key=lambda entry: entry.seq)
        yield Stored(
            row,
            stored,
            {lot.id: to_lot(lot) for lot in by_account[lots][row.id]},
            own_draws[row.id],
            by_account[holds][row.id],
            own_parts,
            by_account[pendings][row.id],
        )


def _grouped(rows: Any, name: str) -> dict[int, list[Any]]:
    groups: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return groups
