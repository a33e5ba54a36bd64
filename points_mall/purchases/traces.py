"""What purchases left behind elsewhere: awards, entries of ledger and wallets, growth. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from miniprogram_api.core.bulk import among
from miniprogram_api.members.models import Member
from points_mall.earning.models import EarningAward
from points_mall.earning.reasons import PURCHASE
from points_mall.ledger.models import (
    DrawKind,
    LedgerEntry,
    LotDraw,
    PendingEarning,
    PointsAccount,
    PointsLot,
)
from points_mall.tiers.models import TierGrowth
from points_mall.wallet.models import WalletEntry
from points_mall.wallet.reasons import CASHBACK
from points_mall.wallet.reasons import PURCHASE as PAID_FROM_WALLET

from .facts import purchase_reference, refund_reference, tender_reference
from .reasons import POINTS_AS_CASH
from .records import PurchaseRecord, RefundRecord

_entries = aliased(LedgerEntry)
_undoing = aliased(LedgerEntry)
_UNDONE = (
    sa.select(sa.func.coalesce(sa.func.sum(_undoing.points), 0))
    .where(_undoing.reverses_id == _entries.id)
    .scalar_subquery()
)
_EXPIRED = (
    sa.select(sa.func.coalesce(sa.func.sum(LotDraw.points), 0))
    .join(PointsLot, PointsLot.id == LotDraw.lot_id)
    .where(PointsLot.entry_id == _entries.id, LotDraw.kind == DrawKind.EXPIRE)
    .scalar_subquery()
)
_LEDGER = (
    sa.select(
        _entries.reason,
        _entries.reference,
        _entries.points,
        _UNDONE.label("undone"),
        _EXPIRED.label("expired"),
    )
    .join(PointsAccount, PointsAccount.id == _entries.account_id)
    .where(
        among(PointsAccount.member_id, "members"),
        _entries.reason.in_([PURCHASE.code, POINTS_AS_CASH.code]),
        among(_entries.reference, "references"),
    )
)
_PENDING = (
    sa.select(PendingEarning.reference, PendingEarning.points, PendingEarning.cancelled_points)
    .join(PointsAccount, PointsAccount.id == PendingEarning.account_id)
    .where(
        among(PointsAccount.member_id, "members"),
        PendingEarning.reason == PURCHASE.code,
        among(PendingEarning.reference, "references"),
    )
)
_wallet = aliased(WalletEntry)
_returning = aliased(WalletEntry)
_RETURNED = (
    sa.select(sa.func.coalesce(sa.func.sum(_returning.principal_fen + _returning.bonus_fen), 0))
    .where(_returning.member_id == _wallet.member_id, _returning.undoes_seq == _wallet.seq)
    .scalar_subquery()
)
_WALLETS = sa.select(
    _wallet.reason,
    _wallet.reference,
    (_wallet.principal_fen + _wallet.bonus_fen + _RETURNED).label("left_fen"),
).where(
    among(_wallet.member_id, "members"),
    _wallet.reason.in_([PAID_FROM_WALLET.code, CASHBACK.code]),
    among(_wallet.reference, "references"),
)
_AWARDS = sa.select(EarningAward.reference, EarningAward.points, EarningAward.cashback_fen).where(
    among(EarningAward.reference, "references")
)
_GROWTH = sa.select(
    TierGrowth.reference, TierGrowth.amount_fen, TierGrowth.purchases, TierGrowth.points
).where(among(TierGrowth.reference, "references"))
_CLOSED = sa.select(Member.id).where(among(Member.id, "members"), Member.closed_at.is_not(None))

Parameters = Mapping[str, Sequence[Any]]


@dataclass
class Traces:
    """What was found, by reference."""

    awards: dict[str, tuple[int, int]]
    ledger: dict[tuple[str, str], Any]
    pending: dict[str, Any]
    wallets: dict[tuple[str, str], int]
    growths: dict[str, tuple[int, int, int]]
    closed: frozenset[int] = field(default_factory=frozenset)

    def award(self, purchase: PurchaseRecord) -> tuple[int, int] | None:
        """Points and cashback that were awarded; None: it was never judged."""
        return self.awards.get(purchase_reference(*purchase.key))

    def earned(self, purchase: PurchaseRecord) -> int:
        """What the ledger gave for it, or keeps pending."""
        reference = purchase_reference(*purchase.key)
        if reference in self.pending:
            return int(self.pending[reference].points)
        entry = self.ledger.get((PURCHASE.code, reference))
        return int(entry.points) if entry else 0

    def taken_back(self, purchase: PurchaseRecord, due: int) -> int:
        """What the ledger took back of it, where that can be `due`.

        Points that had expired were gone already, and those of a closed account are forfeited.
        """
        reference = purchase_reference(*purchase.key)
        entry, waiting = self.ledger.get((PURCHASE.code, reference)), self.pending.get(reference)
        taken = (-int(entry.undone) if entry else 0) + (waiting.cancelled_points if waiting else 0)
        expired = int(entry.expired) if entry else 0
        if purchase.member_id in self.closed or taken <= due <= taken + expired:
            return due
        return int(taken)

    def points_spent(self, purchase: PurchaseRecord) -> int:
        """What it cost in points, less what was returned."""
        entry = self.ledger.get((POINTS_AS_CASH.code, tender_reference(purchase.purchase_no)))
        return -int(entry.points) - int(entry.undone) if entry else 0

    def wallet_spent(self, purchase: PurchaseRecord) -> int:
        """What it cost the wallet, less what was returned."""
        return -self.wallets.get((PAID_FROM_WALLET.code, tender_reference(purchase.purchase_no)), 0)

    def cashback(self, purchase: PurchaseRecord) -> int:
        """What it gave the wallet, less what was taken back."""
        return self.wallets.get((CASHBACK.code, purchase_reference(*purchase.key)), 0)

    def growth(
        self, purchase: PurchaseRecord, applied: Iterable[RefundRecord]
    ) -> tuple[int, int, int]:
        """Money, purchases and points that it adds to its member's growth, with its refunds."""
        references = [purchase_reference(*purchase.key)]
        references += [refund_reference(*refund.key) for refund in applied]
        found = [self.growths.get(reference, (0, 0, 0)) for reference in references]
        amount, purchases, points = (sum(column) for column in zip(*found, strict=True))
        return amount, purchases, points


def load_traces(
    session: Session,
    purchases: Sequence[PurchaseRecord],
    refunds: Mapping[int, Sequence[RefundRecord]],
) -> Traces:
    """Everything that these purchases and their refunds left behind."""
    references = [purchase_reference(*purchase.key) for purchase in purchases]
    tenders = [tender_reference(purchase.purchase_no) for purchase in purchases]
    undoing = [refund_reference(*one.key) for some in refunds.values() for one in some]
    members = sorted({one.member_id for one in purchases if one.member_id is not None})
    own: Parameters = {"members": members, "references": [*references, *tenders]}

    def rows(query: Any, parameters: Parameters) -> Sequence[sa.Row[Any]]:
        return session.execute(query, parameters).all()

    return Traces(
        awards={
            row.reference: (row.points, row.cashback_fen)
            for row in rows(_AWARDS, {"references": references})
        },
        ledger={(row.reason, row.reference): row for row in rows(_LEDGER, own)},
        pending={row.reference: row for row in rows(_PENDING, own)},
        wallets={(row.reason, row.reference): int(row.left_fen) for row in rows(_WALLETS, own)},
        growths={
            row.reference: (row.amount_fen, row.purchases, row.points)
            for row in rows(_GROWTH, {"references": [*references, *undoing]})
        },
        closed=frozenset(row.id for row in rows(_CLOSED, {"members": members})),
    )
