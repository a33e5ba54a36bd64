"""Sales: one transaction in which the scan serves, coupons, points and wallet pay, and it is recorded.

A receipt is sold once: the till and its receipt number are the purchase's own number. The price is
computed anew by the code of the quote; where it differs nothing moves and the new quote is told.
"""

from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.repeats.records import Answer, Claim, Told, claim_one, store_all
from points_mall.coupons.errors import CouponNotUsable, CouponsNotCombinable, NoSuchCoupon
from points_mall.ledger.statements import summary
from points_mall.purchases.facts import Paid
from points_mall.purchases.states import TILL
from points_mall.purchases.tenders import set_aside
from points_mall.purchases.writing import write_purchases
from points_mall.wallet.statements import balance_fen

from . import approvals, codes, own_accounts, quotes, scans
from .errors import QuoteChanged, QuoteGone
from .pricing import Price
from .quotes import Quote
from .receipt_book import FIGURES, Slip, heading, lock, note, record, sell_as_paid, sold_before
from .tills import Counter


class _Differs(Exception):
    """The price is another one than was quoted; the transaction is rolled back."""

    def __init__(self, quote: Quote) -> None:
        super().__init__("the price differs")
        self.quote = quote


def sell(
    counter: Counter,
    claim: Claim,
    *,
    quote_id: int,
    receipt_no: str,
    tender: str,
    approval_id: str | None = None,
) -> Told:
    """Sell what was quoted, under a receipt number; a repeat hears the first answer.

    :raises QuoteGone: the quote is unknown here, or too old.
    :raises QuoteChanged: the price is another one by now; nothing has moved.
    :raises ReceiptUsed: something else was sold under this number.
    :raises ScanOver: the scan has served another sale, or is too old.
    :raises ApprovalNeeded: it is beyond the caller's limits.
    :raises DomainError: it cannot be sold, and nothing has moved.
    """
    slip = Slip(receipt_no, tender, codes.new_receipt_code(), now())
    try:
        return _write(counter, claim, quote_id, slip, approval_id)
    except _Differs as differs:
        fresh = quotes.quote(counter, differs.quote.scan_id, differs.quote.asked)
    raise QuoteChanged(fresh)


@retrying
def _write(
    counter: Counter, claim: Claim, quote_id: int, slip: Slip, approval_id: str | None
) -> Told:
    with transaction() as session:
        if (found := claim_one(session, claim)) is not None:
            return Told(found, is_repeat=True)
        body = sold_before(counter, slip.receipt_no, quote_id)
        is_repeat = body is not None
        if body is None:
            body, is_repeat = _sell(session, counter, quote_id, slip, approval_id)
        answer = Answer(201, body)
        store_all(session, [(claim, answer)])
    return Told(answer, is_repeat)


def _sell(
    session: Session, counter: Counter, quote_id: int, slip: Slip, approval_id: str | None
) -> tuple[dict[str, Any], bool]:
    """The sale itself, and whether it was sold while this call waited."""
    quote = quotes.stored_quote(counter, quote_id)
    if quote.expires_at <= now():
        raise QuoteGone("it is too old")
    lock(counter, slip.receipt_no, quote.member_id)
    if (body := sold_before(counter, slip.receipt_no, quote_id)) is not None:
        return body, True
    beyond = approvals.beyond_for_sale(counter, quote.member_id, quote.asked.gross_fen)
    approvals.require(
        counter,
        beyond,
        act=approvals.SALE,
        subject=str(quote_id),
        amount_fen=quote.asked.gross_fen,
        approval_id=approval_id,
    )
    if quote.member_id is None or quote.scan_id is None:
        return sell_as_paid(counter, quote.asked.lines, slip, quote_id), False
    scans.use(quote.scan_id)
    own_accounts.require_other(counter.staff.staff_id, quote.member_id)
    price = _price_again(counter, quote, quote.member_id, slip.receipt_no)
    return _sell_to_member(session, counter, quote, quote.member_id, price, slip), False


def _price_again(counter: Counter, quote: Quote, member_id: int, receipt_no: str) -> Price:
    """The price now, with the coupons that the cashier saw; it must be what was quoted."""
    try:
        price = quotes.priced(
            counter,
            member_id,
            quotes.as_chosen(quote),
            spends=quote.spends,
            receipt_no=receipt_no,
        )
    except (CouponNotUsable, CouponsNotCombinable, NoSuchCoupon):
        raise _Differs(quote) from None
    if price.figures() != quote.figures:
        raise _Differs(quote)
    return price


def _sell_to_member(
    session: Session, counter: Counter, quote: Quote, member_id: int, price: Price, slip: Slip
) -> dict[str, Any]:
    purchase = price.purchase
    try:
        set_aside(purchase, member_id)
    except (CouponNotUsable, NoSuchCoupon):
        raise _Differs(quote) from None  # another bill took a coupon meanwhile
    write_purchases(session, [purchase])
    recorded = record(
        Paid(TILL, purchase.external_id, purchase.cash_fen, purchase.placed_at, member_id)
    )
    body = {
        **heading(counter, purchase.purchase_no, slip),
        **{name: price.figures()[name] for name in FIGURES},
        "lines": quotes.told_lines(price),
        "points_earned": recorded.points_earned,
        "cashback_fen": recorded.cashback_fen,
        "points_available": summary(member_id).available,
        "balance_fen": balance_fen(member_id),
        "claim_until": None,
    }
    note(
        counter,
        purchase.id,
        slip,
        body,
        quote.id,
        member_id=member_id,
        scan_id=quote.scan_id,
    )
    return body
