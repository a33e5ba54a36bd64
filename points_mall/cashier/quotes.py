"""Quotes: a price as a cashier sees it, kept for some minutes so that a sale can be held to it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.http.language import language
from points_mall.purchases.facts import PaidLine

from . import approvals, own_accounts, scans
from .coupon_cards import cards
from .errors import QuoteGone
from .models import PosQuote, Scan
from .pricing import Asked, Price, price_of, require_believable
from .tills import Counter, external_id

LASTS = timedelta(minutes=5)
UNNUMBERED = "?"
"""In the place of a receipt number that nobody knows yet; none looks like it."""

GROSS, POINTS, WALLET = "gross", "points_as_cash", "wallet"
_LABELS = {
    GROSS: ("消费", "Goods"),
    POINTS: ("积分抵现", "Paid in points"),
    WALLET: ("余额支付", "From the wallet"),
}


@dataclass(frozen=True)
class Quote:
    """A stored quote, as a sale needs it."""

    id: int
    scan_id: int | None
    member_id: int | None
    spends: bool
    asked: Asked
    figures: dict[str, Any]
    expires_at: datetime


def quote(counter: Counter, scan_id: int | None, asked: Asked) -> dict[str, Any]:
    """What a sale would come to, for the member who was scanned or for nobody.

    :raises ScanOver: the scan has served, or is too old.
    :raises DomainError: it could not be sold so.
    """
    require_believable(asked)
    if scan_id is None:
        figures = figures_without_member(asked)
        stored = _store(counter, None, asked, figures)
        return _heading(counter, stored, None, asked) | told_without_member(asked)
    scan = scans.living_scan(counter, scan_id)
    own_accounts.require_other(counter.staff.staff_id, scan.member_id)
    price = priced(counter, scan.member_id, asked, spends=scan.spends)
    coupons = cards(scan.member_id, price.priced.bill, price.coupons, spends=scan.spends)
    member_id = scan.member_id
    stored = _store(counter, scan_id, asked, price.figures())
    heading = _heading(counter, stored, member_id, asked)
    return heading | told(price) | {"coupons": coupons}


def priced(
    counter: Counter, member_id: int, asked: Asked, *, spends: bool, receipt_no: str = UNNUMBERED
) -> Price:
    """The price for a member at a till."""
    number = external_id(counter.code, receipt_no)
    return price_of(member_id, number, counter.store, asked, spends=spends)


def stored_quote(counter: Counter, quote_id: int) -> Quote:
    """A quote that was made at this till or for this person, however old.

    :raises QuoteGone: there is none.
    """
    row = db.session.execute(
        sa.select(PosQuote.__table__, Scan.member_id, Scan.spends)
        .outerjoin(Scan, Scan.id == PosQuote.scan_id)
        .where(
            PosQuote.id == quote_id,
            sa.or_(
                PosQuote.till_id == counter.till_id, PosQuote.staff_id == counter.staff.staff_id
            ),
        )
    ).one_or_none()
    if row is None:
        raise QuoteGone("no quote of yours has this number")
    return Quote(
        row.id,
        row.scan_id,
        row.member_id,
        bool(row.spends),
        _asked(row.asked),
        row.price,
        row.expires_at,
    )


def as_chosen(found: Quote) -> Asked:
    """What was asked, with the very coupons that the cashier saw."""
    return replace(found.asked, coupons=tuple(found.figures["coupons"]))


def forget_before(moment: datetime) -> int:
    """Delete quotes that were over before `moment`; answer how many."""
    with transaction() as session:
        old = sa.delete(PosQuote).where(PosQuote.expires_at < moment)
        return session.execute(old).rowcount  # type: ignore[attr-defined,no-any-return]


def figures_without_member(asked: Asked) -> dict[str, Any]:
    """What must stay the same of a sale to nobody."""
    return {"gross_fen": asked.gross_fen, "coupons": []}


# ------------------------------------------------------------------ as the till is told


def told(price: Price) -> dict[str, Any]:
    """A member's price as plain JSON."""
    bought, figures = price.purchase, price.figures()
    del figures["steps"]
    return {
        **figures,
        "coupon_ids": figures.pop("coupons"),
        "points_most": price.points_most,
        "points_after": price.points_after,
        "lines": told_lines(price),
        "explanation": {**(bought.explanation or {}), "earned": price.earned.explanation},
    }


def told_lines(price: Price) -> list[dict[str, Any]]:
    """The way from gross to payable: what comes off is below zero."""
    bought = price.purchase
    lines = [_line(GROSS, bought.gross_fen)]
    for step in price.priced.steps:
        label = step.label_en if language() == "en" else step.label_zh
        lines.append({"rule": step.rule, "label": label, "amount_fen": -step.amount_fen})
    if bought.points_fen:
        lines.append(_line(POINTS, -bought.points_fen))
    if bought.wallet_fen:
        lines.append(_line(WALLET, -bought.wallet_fen))
    return lines


def told_without_member(asked: Asked) -> dict[str, Any]:
    """The price for nobody: what it says."""
    gross = asked.gross_fen
    nothing = dict.fromkeys(
        (
            "discount_fen",
            "points_spent",
            "points_fen",
            "wallet_fen",
            "points_to_earn",
            "cashback_to_earn_fen",
            "points_most",
        ),
        0,
    )
    return {
        "gross_fen": gross,
        "total_fen": gross,
        "payable_fen": gross,
        **nothing,
        "coupon_ids": [],
        "coupons": [],
        "points_after": None,
        "lines": [_line(GROSS, gross)],
        "explanation": {},
    }


def _line(rule: str, amount_fen: int) -> dict[str, Any]:
    zh, en = _LABELS[rule]
    return {"rule": rule, "label": en if language() == "en" else zh, "amount_fen": amount_fen}


def _heading(
    counter: Counter, stored: tuple[int, datetime], member_id: int | None, asked: Asked
) -> dict[str, Any]:
    beyond = approvals.beyond_for_sale(counter, member_id, asked.gross_fen)
    return {
        "quote_id": str(stored[0]),
        "expires_at": in_shop_time(stored[1]).isoformat(),
        "approval": beyond and beyond.told(),
    }


@retrying
def _store(
    counter: Counter, scan_id: int | None, asked: Asked, figures: dict[str, Any]
) -> tuple[int, datetime]:
    with transaction() as session:
        row = PosQuote(
            till_id=counter.till_id,
            staff_id=counter.staff.staff_id,
            scan_id=scan_id,
            asked=asdict(asked),
            price=figures,
            expires_at=now() + LASTS,
        )
        session.add(row)
        session.flush()  # its number is the answer
        return row.id, row.expires_at


def _asked(kept: dict[str, Any]) -> Asked:
    """What was asked, as it was kept."""
    coupons = kept["coupons"]
    return Asked(
        tuple(PaidLine(**line) for line in kept["lines"]),
        kept["most_points"],
        kept["most_wallet_fen"],
        None if coupons is None else tuple(coupons),
    )
