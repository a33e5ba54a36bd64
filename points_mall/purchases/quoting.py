"""How a bill is settled for a member: its price, points, wallet, and what is left to pay.

One code for the quote and for the purchase: a quote only shows what placing would write.
"""

from dataclasses import dataclass, field
from typing import Any

from miniprogram_api.core.clock import now
from miniprogram_api.core.settings import settings
from points_mall.ledger.statements import summary
from points_mall.wallet.figures import Figures
from points_mall.wallet.statements import figures_of

from .bills import Asked, Bill
from .facts import PaidLine
from .points_as_cash import NOTHING, Exchange, PaidInPoints, pay
from .prices import Price
from .records import LineRecord, PurchaseRecord
from .states import WECHAT_PAY, PurchaseStatus

QUOTED = "quote"
"""The number of a purchase that is only asked about."""


@dataclass(frozen=True)
class Means:
    """What a member can pay with beside cash."""

    points: int
    wallet: Figures


@dataclass(frozen=True)
class Settlement:
    """How a bill is settled. `payable_fen` of the lines are net of everything that came off."""

    discount_fen: int
    total_fen: int
    points: PaidInPoints
    wallet_fen: int
    wallet_principal_fen: int
    cash_fen: int
    payable_fen: tuple[int, ...] = field(default=())


def means_of(member_id: int) -> Means:
    """What the member could pay with now; under the account's lock it stays so."""
    return Means(summary(member_id).available, figures_of(member_id))


def drafted(
    member_id: int,
    purchase_no: str,
    bill: Bill,
    asked: Asked,
    means: Means,
    price: Price | None = None,
) -> PurchaseRecord:
    """The purchase as it is written when it is placed, before anything is paid.

    :param price: of the bill; None: nothing comes off it.
    """
    settled = settle(bill, asked, means, price)
    return PurchaseRecord(
        purchase_no=purchase_no,
        source=WECHAT_PAY,
        external_id=purchase_no,
        member_id=member_id,
        status=PurchaseStatus.AWAITING_PAYMENT.value,
        purpose=bill.purpose.value,
        subject=bill.subject,
        title=bill.title,
        store=asked.store,
        gross_fen=bill.gross_fen,
        discount_fen=settled.discount_fen,
        total_fen=settled.total_fen,
        cash_fen=settled.cash_fen,
        points_used=settled.points.points,
        points_fen=settled.points.fen,
        wallet_fen=settled.wallet_fen,
        wallet_principal_fen=settled.wallet_principal_fen,
        refunded_fen=0,
        points_earned=0,
        cashback_fen=0,
        placed_at=now(),
        pay_by=bill.pay_by,
        paid_at=None,
        closed_at=None,
        close_reason=None,
        paid_late_at=None,
        explanation=_explained(bill, asked, settled, price),
        lines=_lines(bill.all_lines, settled.payable_fen),
    )


def settle(bill: Bill, asked: Asked, means: Means, price: Price | None = None) -> Settlement:
    """Settle a bill: its price first, then points, then the wallet, and cash for the rest."""
    payable = _payable(bill, price)
    total = sum(payable)
    points = NOTHING
    if bill.takes_points and _may_use_points(price):
        points = pay(total, means.points, asked.most_points, exchange())
    wallet = 0
    if bill.takes_wallet:
        wallet = _from_wallet(total - points.fen, means.wallet, asked.most_wallet_fen)
    return Settlement(
        bill.gross_fen - total,
        total,
        points,
        wallet,
        max(0, wallet - means.wallet.bonus_fen),  # bonus is spent first
        total - points.fen - wallet,
        payable,
    )


def _payable(bill: Bill, price: Price | None) -> tuple[int, ...]:
    """What is left to pay of each line, shipping the last."""
    if price is None:
        return tuple(line.amount_fen for line in bill.all_lines)
    shipping = (price.priced.shipping_fen,) if bill.shipping_fen else ()
    return (*price.priced.payable, *shipping)


def exchange() -> Exchange:
    """What points are worth in this shop."""
    now_ = settings()
    return Exchange(now_.points_per_yuan, now_.points_as_cash_cap_bp)


def _from_wallet(left_fen: int, wallet: Figures, most_fen: int | None) -> int:
    has = wallet.balance_fen if most_fen is None else min(most_fen, wallet.balance_fen)
    return max(0, min(left_fen, has))


def _may_use_points(price: Price | None) -> bool:
    return price is None or price.priced.may_use_points


def _lines(lines: tuple[PaidLine, ...], payable: tuple[int, ...]) -> list[LineRecord]:
    return [
        LineRecord(
            line_no=number,
            sku=line.sku,
            title=line.title,
            category=line.category,
            quantity=line.quantity,
            amount_fen=line.amount_fen,
            payable_fen=payable_fen,
        )
        for number, (line, payable_fen) in enumerate(zip(lines, payable, strict=True), start=1)
    ]


def _explained(
    bill: Bill, asked: Asked, settled: Settlement, price: Price | None
) -> dict[str, Any]:
    """Why the bill comes to what it does, kept with the purchase."""
    told: dict[str, Any] = dict(bill.promised)
    if bill.shipping_fen:
        told["shipping"] = {"fen": bill.shipping_fen, "payable_fen": settled.payable_fen[-1]}
    if price and (price.priced.steps or price.coupons):
        told["price"] = price.explanation()
    if asked.most_points != 0 and not _may_use_points(price):
        told["points"] = {"points": 0, "fen": 0, "refused_by": "coupon"}
    if settled.points.points or settled.points.is_capped:
        terms = exchange()
        told["points"] = {
            "points": settled.points.points,
            "fen": settled.points.fen,
            "points_per_yuan": terms.points_per_yuan,
            "cap_bp": terms.cap_bp,
            "most_fen": settled.points.most_fen,
            "is_capped": settled.points.is_capped,
        }
    if settled.wallet_fen:
        told["wallet"] = {
            "fen": settled.wallet_fen,
            "principal_fen": settled.wallet_principal_fen,
        }
    return told
