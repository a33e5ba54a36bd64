"""What a coupon says of itself in one line, in Chinese and in English. Pure."""

from .terms import CouponTerms, Kind


def summary(terms: CouponTerms, language: str) -> str:
    """One line for people: 满100元减20元."""
    return _english(terms) if language.startswith("en") else _chinese(terms)


def yuan(fen: int) -> str:
    """Fen as yuan, without needless zeros: 20, 9.9, 0.05."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def _chinese(terms: CouponTerms) -> str:
    start = f"满{yuan(terms.threshold_fen)}元" if terms.threshold_fen else ""
    cap = f"，最多减{yuan(terms.most_fen)}元" if terms.most_fen is not None else ""
    amount = yuan(terms.amount_fen)
    paid = f"{(10_000 - terms.off_bp) / 1000:.3f}".rstrip("0").rstrip(".")
    return {
        Kind.AMOUNT_OFF: f"{start}减{amount}元",
        Kind.CASH: f"{start}{'可用，' if start else ''}抵{amount}元",
        Kind.PERCENT_OFF: f"{start}{'打' if start else ''}{paid}折{cap}",
        Kind.FREE_SHIPPING: f"{start}包邮{cap}",
        Kind.GIFT_ITEM: f"{start}送{terms.units}件赠品",
        Kind.EXCHANGE: f"{start}{'可' if start else ''}兑换指定商品{terms.units}件",
    }[terms.kind]


def _english(terms: CouponTerms) -> str:
    start = f" from ¥{yuan(terms.threshold_fen)}" if terms.threshold_fen else ""
    cap = f", ¥{yuan(terms.most_fen)} at most" if terms.most_fen is not None else ""
    percent = f"{terms.off_bp / 100:.2f}".rstrip("0").rstrip(".")
    return {
        Kind.AMOUNT_OFF: f"¥{yuan(terms.amount_fen)} off{start}",
        Kind.CASH: f"Worth ¥{yuan(terms.amount_fen)}{start}",
        Kind.PERCENT_OFF: f"{percent}% off{start}{cap}",
        Kind.FREE_SHIPPING: f"Free shipping{start}{cap}",
        Kind.GIFT_ITEM: f"{terms.units} gift{start}",
        Kind.EXCHANGE: f"Good for {terms.units} of the named goods{start}",
    }[terms.kind]
