"""Reading a wallet: what is in it, and the entries. Nothing is written."""

from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from .figures import Figures
from .models import WalletAccount, WalletEntry

accounts = cast(sa.Table, WalletAccount.__table__)

_FIGURES = sa.select(accounts.c.principal_fen, accounts.c.bonus_fen, accounts.c.debt_fen).where(
    accounts.c.member_id == sa.bindparam("member")
)


def figures_of(member_id: int) -> Figures:
    """What the member's wallet holds now; a member without one has nothing."""
    row = db.session.execute(_FIGURES, {"member": member_id}).one_or_none()
    return Figures() if row is None else Figures(*row)


def balance_fen(member_id: int) -> int:
    """What the member can spend, for the profile."""
    return figures_of(member_id).balance_fen


def entries_of(member_id: int) -> sa.Select[*tuple[Any, ...]]:
    """The entries of a member's wallet; `WalletEntry.seq` orders them."""
    return sa.select(
        WalletEntry.id,
        WalletEntry.seq,
        (WalletEntry.principal_fen + WalletEntry.bonus_fen).label("amount_fen"),
        WalletEntry.principal_fen,
        WalletEntry.bonus_fen,
        (WalletEntry.principal_after + WalletEntry.bonus_after).label("balance_after_fen"),
        WalletEntry.debt_after.label("debt_after_fen"),
        WalletEntry.reason,
        WalletEntry.reference,
        WalletEntry.occurred_at,
        WalletEntry.explanation,
    ).where(WalletEntry.member_id == member_id)


def export_wallet(member_id: int) -> dict[str, Any]:
    """The member's figures and whole history, as plain JSON."""
    names = ("amount_fen", "principal_fen", "bonus_fen", "balance_after_fen", "debt_after_fen")
    history = [
        {
            **{name: row._mapping[name] for name in names},  # noqa: SLF001 - public, in spite of its name
            "reason": row.reason,
            "reference": row.reference,
            "occurred_at": in_shop_time(row.occurred_at).isoformat(),
            "explanation": row.explanation,
        }
        for row in db.session.execute(entries_of(member_id).order_by(WalletEntry.seq))
    ]
    return {**figures_of(member_id)._asdict(), "entries": history}
