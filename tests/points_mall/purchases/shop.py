"""A shop with an earning rule and a ladder; members, purchases, and what all of it comes to."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import new_member_no
from points_mall.coupons import audit as coupons_audit
from points_mall.coupons.models import Coupon
from points_mall.coupons.reasons import RESTORED
from points_mall.earning import rule_book
from points_mall.earning.terms import Cashback, Rate, Terms
from points_mall.grants.rewards import Reward
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger import posting
from points_mall.ledger.models import LedgerEntry, PointsAccount, PointsLot
from points_mall.ledger.reasons import declare
from points_mall.purchases import audit, writing
from points_mall.purchases.facts import Paid, Refunded, RefundedLine, tender_reference
from points_mall.purchases.models import Purchase, PurchaseLine, PurchaseRefund
from points_mall.purchases.reasons import POINTS_AS_CASH
from points_mall.purchases.records import LineRecord, PurchaseRecord
from points_mall.purchases.states import TILL, WECHAT_PAY, PurchaseStatus, Purpose
from points_mall.tiers import publishing
from points_mall.tiers.models import MemberTier, TierGrowth
from points_mall.tiers.steps import Benefits, Tier
from points_mall.tiers.terms import Basis
from points_mall.tiers.terms import Terms as LadderTerms
from points_mall.wallet import audit as wallet_audit
from points_mall.wallet import posting as wallet
from points_mall.wallet.models import WalletAccount, WalletEntry
from points_mall.wallet.reasons import ADJUSTMENT as WALLET_GIFT
from points_mall.wallet.reasons import PURCHASE as PAID_FROM_WALLET
from tests.builders import shanghai

OPENING = shanghai("2026-11-01 00:00")
NOON = shanghai("2026-11-21 12:00")
LATER = shanghai("2026-11-21 15:00")

GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
SCALED = 10_000
_numbers = itertools.count(1)


def open_shop(*, cashback: Cashback | None = None, **terms: Any) -> None:
    """One point a yuan, rounded down; gold from 200 yuan of growth on, with a gift of 50 points
    and free shipping.
    """
    values: dict[str, Any] = {"rate": Rate(1, 100), "cashback": cashback, **terms}
    rule_book.publish(Terms(**values), OPENING)
    publishing.publish(
        LadderTerms(
            basis=Basis.AMOUNT,
            window_months=12,
            keep_months=12,
            grace_days=0,
            tiers=(
                _tier("regular", 0, 0, 0, ()),
                _tier("gold", 1, 200_00, 200_00, (Reward("points", 50),)),
            ),
        ),
        today(),
    )


def _tier(code: str, rank: int, entry: int | None, keep: int | None, gift: Any) -> Tier:
    return Tier(
        code=code,
        rank=rank,
        name_zh=code,
        name_en=code,
        card_zh=code,
        card_en=code,
        entry=entry,
        keep=keep,
        benefits=Benefits(free_shipping=rank > 0),
        upgrade_gift=gift,
    )


def enrol(count: int = 1, points: int = 0, principal_fen: int = 0, bonus_fen: int = 0) -> list[int]:
    """Members with points and money in their wallets, by id."""
    with transaction() as session:
        members = [Member(member_no=new_member_no(), joined_at=OPENING) for _ in range(count)]
        session.add_all(members)
        session.flush()  # the ids are the answer
        ids = [member.id for member in members]
        posting.lock_accounts(ids)  # which opens them, as enrolling does
        for member_id in ids:
            if points:
                posting.credit(member_id, points, reason=GIFT, reference="start")
            if principal_fen or bonus_fen:
                wallet.credit(
                    member_id, principal_fen, bonus_fen, reason=WALLET_GIFT, reference="start"
                )
    return ids


def placed(
    member_id: int,
    cash_fen: int,
    *,
    points: int = 0,
    points_fen: int = 0,
    wallet_fen: int = 0,
    line_fens: tuple[int, ...] = (),
    purpose: Purpose = Purpose.SALE,
    explanation: dict[str, Any] | None = None,
) -> str:
    """A purchase that waits to be paid, its points held and its wallet money taken; its number."""
    total = cash_fen + points_fen + wallet_fen
    purchase_no = f"P{next(_numbers):020d}"
    purchase = PurchaseRecord(
        purchase_no=purchase_no,
        source=WECHAT_PAY,
        external_id=purchase_no,
        member_id=member_id,
        status=PurchaseStatus.AWAITING_PAYMENT,
        purpose=purpose,
        subject="plan-100" if purpose == Purpose.TOP_UP else None,
        title="咖啡",
        store=None,
        gross_fen=total,
        discount_fen=0,
        total_fen=total,
        cash_fen=cash_fen,
        points_used=points,
        points_fen=points_fen,
        wallet_fen=wallet_fen,
        placed_at=now(),
        pay_by=LATER,
        explanation=explanation,
        lines=[
            LineRecord(number, None, "咖啡", "general", 1, fen, fen)
            for number, fen in enumerate(line_fens or (total,), start=1)
        ],
    )
    with transaction() as session:
        if points:
            posting.hold(
                member_id,
                points,
                reason=POINTS_AS_CASH,
                reference=tender_reference(purchase_no),
                expires_at=LATER,
            )
        if wallet_fen:
            taken = wallet.debit(
                member_id,
                wallet_fen,
                reason=PAID_FROM_WALLET,
                reference=tender_reference(purchase_no),
            )
            purchase.wallet_principal_fen = -taken.principal_fen
        writing.write_purchases(session, [purchase])
    return purchase_no


def paid(purchase_no: str, cash_fen: int, at: datetime = NOON, **told: Any) -> Paid:
    """The fact that a placed purchase was paid."""
    return Paid(WECHAT_PAY, purchase_no, cash_fen, at, **told)


def sold(member_id: int | None, fen: int, receipt: str = "", at: datetime = NOON) -> Paid:
    """The fact that a till sold something."""
    return Paid(TILL, receipt or f"receipt-{next(_numbers)}", fen, at, member_id, title="午餐")


def refunded(
    fact: Paid,
    name: str,
    amount_fen: int | None = None,
    *,
    cash_fen: int | None = None,
    lines: dict[int, int] | None = None,
    at: datetime = LATER,
) -> Refunded:
    """The fact that value of a purchase was given back."""
    given = [RefundedLine(number, fen) for number, fen in (lines or {}).items()]
    return Refunded(
        fact.source, f"{fact.external_id}-{name}", fact.key, at, amount_fen, cash_fen, given
    )


class Undone(Exception):
    """The story is over, and nothing of it stays."""


@contextmanager
def undone() -> Iterator[None]:
    """A transaction of which nothing stays, so that a story can be told again in another order."""
    with suppress(Undone), transaction():
        yield
        raise Undone


# ------------------------------------------------------------------ looking


def points_of(member_id: int) -> tuple[int, int, int]:
    """Available, held, debt."""
    db.session.rollback()
    row = db.session.execute(
        sa.select(PointsAccount.available, PointsAccount.held, PointsAccount.debt).filter_by(
            member_id=member_id
        )
    ).one_or_none()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def wallet_of(member_id: int) -> tuple[int, int, int]:
    """Principal, bonus, debt."""
    db.session.rollback()
    row = db.session.execute(
        sa.select(
            WalletAccount.principal_fen, WalletAccount.bonus_fen, WalletAccount.debt_fen
        ).filter_by(member_id=member_id)
    ).one_or_none()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def growth_of(member_id: int) -> tuple[int, int, int]:
    """Money, purchases, points."""
    db.session.rollback()
    columns = (TierGrowth.amount_fen, TierGrowth.purchases, TierGrowth.points)
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in columns]
    row = db.session.execute(sa.select(*sums).filter_by(member_id=member_id)).one()
    return (int(row[0]), int(row[1]), int(row[2]))


def tier_of(member_id: int) -> str:
    db.session.rollback()
    return db.session.scalar(sa.select(MemberTier.code).filter_by(member_id=member_id)) or "regular"


def purchase_with(purchase_no: str) -> Purchase:
    db.session.rollback()
    return db.session.scalars(sa.select(Purchase).filter_by(purchase_no=purchase_no)).one()


def refunds() -> list[PurchaseRefund]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(PurchaseRefund).order_by(PurchaseRefund.external_id)))


def moved() -> dict[str, Any]:
    """Everything that a payment or refund can move: compare it before and after a refusal."""
    db.session.rollback()
    session = db.session
    return {
        "points": sorted(map(tuple, session.execute(_ACCOUNTS))),
        "wallets": sorted(map(tuple, session.execute(_WALLETS))),
        "entries": session.scalar(sa.select(sa.func.count(LedgerEntry.id))),
        "wallet entries": session.scalar(sa.select(sa.func.count()).select_from(WalletEntry)),
        "growth": session.scalar(sa.select(sa.func.count(TierGrowth.id))),
        "purchases": sorted(map(tuple, session.execute(_PURCHASES))),
        "coupons": sorted(map(repr, session.execute(_COUPONS))),
    }


def state(*, fresh: bool = True) -> dict[str, Any]:
    """The end of a story, whatever the order in which it was told."""
    if fresh:
        db.session.rollback()
    session = db.session
    return {
        "points": sorted(map(tuple, session.execute(_ACCOUNTS))),
        "lots": sorted(map(repr, session.execute(_LOTS))),
        "wallets": sorted(map(tuple, session.execute(_WALLETS))),
        "growth": sorted(map(repr, session.execute(_GROWTH))),
        "tiers": sorted(
            map(tuple, session.execute(sa.select(MemberTier.member_id, MemberTier.code)))
        ),
        "purchases": sorted(map(tuple, session.execute(_PURCHASES))),
        "lines": sorted(map(tuple, session.execute(_LINES))),
        "refunds": sorted(map(tuple, session.execute(_REFUNDS))),
        "given back": [tuple(row) for row in session.execute(_GIVEN_BACK)],
        "coupons": sorted(map(repr, session.execute(_ISSUED))),
        "shares of coupons": _shares_of_coupons(),
    }


_COUPONS = sa.select(
    Coupon.code, Coupon.state, Coupon.locked_for, Coupon.used_for, Coupon.restored_fen
)
_ISSUED = sa.select(
    Coupon.code, Coupon.state, Coupon.used_for, Coupon.took_fen, Coupon.restored_fen
).where(Coupon.reason != RESTORED)
_ACCOUNTS = sa.select(
    PointsAccount.member_id,
    PointsAccount.available,
    PointsAccount.held,
    PointsAccount.debt,
    PointsAccount.pending,
    PointsAccount.lifetime_earned,
)
_LOTS = (
    sa.select(PointsAccount.member_id, PointsLot.expires_at, sa.func.sum(PointsLot.remaining))
    .join(PointsAccount, PointsAccount.id == PointsLot.account_id)
    .where(PointsLot.remaining > 0)
    .group_by(PointsAccount.member_id, PointsLot.expires_at)
)
_WALLETS = sa.select(
    WalletAccount.member_id,
    WalletAccount.principal_fen,
    WalletAccount.bonus_fen,
    WalletAccount.debt_fen,
)
_GROWTH = sa.select(
    TierGrowth.member_id,
    TierGrowth.occurred_at,
    sa.func.sum(TierGrowth.amount_fen),
    sa.func.sum(TierGrowth.purchases),
    sa.func.sum(TierGrowth.points),
).group_by(TierGrowth.member_id, TierGrowth.occurred_at)
_PURCHASES = sa.select(
    Purchase.purchase_no,
    Purchase.status,
    Purchase.refunded_fen,
    Purchase.points_earned,
    Purchase.cashback_fen,
)
_LINES = sa.select(Purchase.purchase_no, PurchaseLine.line_no, PurchaseLine.refunded_fen).join(
    Purchase, Purchase.id == PurchaseLine.purchase_id
)
_REFUNDS = sa.select(PurchaseRefund.source, PurchaseRefund.external_id, PurchaseRefund.state)
_GIVEN_BACK = sa.select(
    PurchaseRefund.purchase_external_id,
    sa.func.sum(PurchaseRefund.value_fen),
    sa.func.sum(PurchaseRefund.cash_fen),
    sa.func.sum(PurchaseRefund.points_taken_back),
    sa.func.sum(PurchaseRefund.points_returned),
    sa.func.sum(PurchaseRefund.wallet_returned_fen),
    sa.func.sum(PurchaseRefund.cashback_taken_back_fen),
).group_by(PurchaseRefund.purchase_external_id)


def _shares_of_coupons() -> dict[int, int]:
    """What the coupons are worth that refunds gave for a share of others, by member."""
    worth: dict[int, int] = {}
    rows = db.session.execute(
        sa.select(Coupon.member_id, Coupon.terms).where(Coupon.reason == RESTORED)
    )
    for member_id, terms in rows:
        worth[member_id] = worth.get(member_id, 0) + terms["amount_fen"]
    return worth


def audited() -> list[str]:
    """What the audits of ledger, wallets, coupons and purchases find: nothing, hopefully."""
    db.session.rollback()
    found: list[Any] = [*ledger_audit.findings(db.session())]
    db.session.rollback()
    found += wallet_audit.findings(db.session())
    db.session.rollback()
    found += coupons_audit.findings()
    db.session.rollback()
    return [str(one) for one in [*found, *audit.findings(db.session())]]
