"""What a sale at the till comes to: discounts, coupons, points, wallet, and what is left to pay.

One code for the quote and for the sale, and that of `purchases`; here is what a till adds to it: who may
spend, and under which number it sells. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.settings import settings
from points_mall.discounts.bill import Priced
from points_mall.earning import services as earning
from points_mall.earning.facts import Earned
from points_mall.purchases import bills, prices, quoting
from points_mall.purchases.effects import occasions_of
from points_mall.purchases.facts import PaidLine, purchase_no_for
from points_mall.purchases.placing_errors import AmountTooLarge
from points_mall.purchases.points_as_cash import pay
from points_mall.purchases.prices import as_discounted
from points_mall.purchases.records import PurchaseRecord
from points_mall.purchases.states import TILL, Purpose

from .errors import ScanMayNotSpend

TITLE = "到店消费"


@dataclass(frozen=True)
class Asked:
    """What a cashier asks: the goods, and what the member wants to use.

    :param most_points: pay with so many points at most; None: with as many as may be.
    :param most_wallet_fen: pay so much from the wallet at most; None: as far as it reaches.
    :param coupons: exactly these; None: those with which the member pays least.
    """

    lines: tuple[PaidLine, ...]
    most_points: int | None = 0
    most_wallet_fen: int | None = 0
    coupons: tuple[str, ...] | None = None

    @property
    def gross_fen(self) -> int:
        """What the goods come to."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def spends(self) -> bool:
        """Whether something of the member's is to be used."""
        return bool(self.coupons) or self.most_points != 0 or self.most_wallet_fen != 0


@dataclass(frozen=True)
class Price:
    """A member's bill with its price, and the purchase that it would be."""

    purchase: PurchaseRecord
    priced: Priced
    coupons: tuple[str, ...]
    points_most: int
    points_after: int
    earned: Earned

    def figures(self) -> dict[str, Any]:
        """What must be the same when it is sold as when it was quoted."""
        bought, earned = self.purchase, self.earned
        return {
            "gross_fen": bought.gross_fen,
            "discount_fen": bought.discount_fen,
            "total_fen": bought.total_fen,
            "points_spent": bought.points_used,
            "points_fen": bought.points_fen,
            "wallet_fen": bought.wallet_fen,
            "payable_fen": bought.cash_fen,
            "points_to_earn": earned.points,
            "cashback_to_earn_fen": earned.cashback_fen,
            "coupons": sorted(self.coupons),
            "steps": [[step.rule, step.reference, step.amount_fen] for step in self.priced.steps],
        }


def amount_line(amount_fen: int) -> PaidLine:
    """A bill of which only the amount is known."""
    return PaidLine(TITLE, amount_fen)


def require_believable(asked: Asked) -> None:
    """Let through what a counter can sell.

    :raises AmountTooLarge: it comes to more than any bill.
    """
    if asked.gross_fen > bills.MOST_FEN:
        raise AmountTooLarge(asked.gross_fen, bills.MOST_FEN)


def price_of(
    member_id: int, external_id: str, store: str | None, asked: Asked, *, spends: bool
) -> Price:
    """What a member would pay, and what it would earn.

    :param spends: whether coupons, points and the wallet may be used.
    :raises ScanMayNotSpend: they are asked for, and may not.
    :raises NoSuchCoupon: a coupon is another member's.
    :raises CouponNotUsable: a coupon is not taken on this bill; `CouponsNotCombinable`: not together.
    """
    if asked.spends and not spends:
        raise ScanMayNotSpend("this scan may earn, not spend")
    told = as_discounted(asked.lines, TILL, store)
    price = prices.price_of(member_id, told, asked.coupons if spends else ())
    means = quoting.means_of(member_id)
    purchase = _drafted(member_id, external_id, store, asked, means, price)
    most = pay(price.priced.payable_fen, means.points, None, quoting.exchange()) if spends else None
    (earned,) = earning.quote(occasions_of(db.session(), [purchase]))
    return Price(
        purchase,
        price.priced,
        price.coupons,
        points_most=most.points if most and price.priced.may_use_points else 0,
        points_after=means.points - purchase.points_used + _soon(earned),
        earned=earned,
    )


def _drafted(
    member_id: int,
    external_id: str,
    store: str | None,
    asked: Asked,
    means: quoting.Means,
    price: prices.Price,
) -> PurchaseRecord:
    """The purchase as `purchases` drafts it, from a till and under the till's own number."""
    bill = bills.Bill(
        Purpose.SALE,
        title_of(asked.lines),
        asked.lines,
        now(),
        takes_points=True,
        takes_wallet=True,
    )
    wanted = bills.Asked(
        most_points=asked.most_points, most_wallet_fen=asked.most_wallet_fen, store=store
    )
    number = purchase_no_for(TILL, external_id)
    draft = quoting.drafted(member_id, number, bill, wanted, means, price)
    return replace(draft, source=TILL, external_id=external_id, pay_by=None)


def _soon(earned: Earned) -> int:
    """What of the earned points counts at once."""
    return 0 if settings().purchase_points_mature_days else earned.points


def title_of(lines: Sequence[PaidLine]) -> str:
    """What a purchase of these goods is called."""
    more = f" 等{len(lines)}件" if len(lines) > 1 else ""
    return lines[0].title[: bills.TITLE_LENGTH - len(more)] + more
