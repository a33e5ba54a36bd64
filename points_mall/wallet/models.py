"""Wallets: entries are appended, never changed; an account keeps the figures that they add up to."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from miniprogram_api.core.append_only import append_only
from miniprogram_api.core.db import Base, BigId, Json


class WalletAccount(Base):
    """A member's wallet: cached figures that `flask wallet verify` proves from the entries.

    `principal_fen` was paid in by the member, `bonus_fen` given by the shop; whoever owes has
    neither.
    """

    __tablename__ = "wallet_account"
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    principal_fen: Mapped[int] = mapped_column(default=0)
    bonus_fen: Mapped[int] = mapped_column(default=0)
    debt_fen: Mapped[int] = mapped_column(default=0)
    last_seq: Mapped[int] = mapped_column(default=0)
    last_hash: Mapped[str] = mapped_column(sa.String(64))
    opened_at: Mapped[datetime]
    __table_args__ = (
        sa.CheckConstraint("principal_fen >= 0", name="principal_not_overdrawn"),
        sa.CheckConstraint("bonus_fen >= 0", name="bonus_not_overdrawn"),
        sa.CheckConstraint("debt_fen >= 0", name="debt_not_negative"),
        sa.CheckConstraint(
            "debt_fen = 0 OR (principal_fen = 0 AND bonus_fen = 0)", name="debt_is_settled"
        ),
    )


@append_only
class WalletEntry(Base):
    """One movement of a wallet, once and for all.

    `principal_fen` and `bonus_fen` are what its cause gave or took, the figures `…_after` how that
    was settled. `seq` counts a wallet's entries without a gap; `undoes_seq` is the number of the
    entry that this one undoes; `hash` covers the entry and the hash before it.
    """

    __tablename__ = "wallet_entry"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(sa.ForeignKey(WalletAccount.member_id))
    seq: Mapped[int]
    principal_fen: Mapped[int]  # above zero given, below zero taken
    bonus_fen: Mapped[int]
    principal_after: Mapped[int]
    bonus_after: Mapped[int]
    debt_after: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(32))
    reference: Mapped[str] = mapped_column(sa.String(200))  # its cause: "purchase:wechat_pay:…"
    undoes_seq: Mapped[int | None]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    actor: Mapped[str] = mapped_column(sa.String(64))
    occurred_at: Mapped[datetime]
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    __table_args__ = (
        sa.UniqueConstraint("member_id", "reason", "reference"),
        sa.UniqueConstraint("member_id", "seq"),
        sa.ForeignKeyConstraint(
            ["member_id", "undoes_seq"], ["wallet_entry.member_id", "wallet_entry.seq"]
        ),
        sa.CheckConstraint("principal_fen <> 0 OR bonus_fen <> 0", name="moves"),
        sa.CheckConstraint(
            "(principal_fen >= 0 AND bonus_fen >= 0) OR (principal_fen <= 0 AND bonus_fen <= 0)",
            name="moves_one_way",
        ),
        sa.CheckConstraint(
            "principal_after >= 0 AND bonus_after >= 0 AND debt_after >= 0", name="not_overdrawn"
        ),
        sa.CheckConstraint("undoes_seq < seq", name="undoes_an_earlier_one"),
        sa.Index("ix_wallet_entry_undoes", "member_id", "undoes_seq",
                 postgresql_where=sa.text("undoes_seq IS NOT NULL"),
                 sqlite_where=sa.text("undoes_seq IS NOT NULL")),
    )  # fmt: skip


class WalletPlan(Base):
    """An offer to top up: pay so much, and get so much more."""

    __tablename__ = "wallet_plan"
    code: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(64))
    pay_fen: Mapped[int]
    bonus_fen: Mapped[int]
    is_listed: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        sa.CheckConstraint("pay_fen > 0", name="costs"),
        sa.CheckConstraint("bonus_fen >= 0", name="gives"),
    )
