"""How refunds divide over what paid a purchase. Pure: no database, no clock.

Everything follows from the purchase and the set of its refunds, never from their order: as running
figures of the value given back over all tenders, rounded down, so that partial refunds add up to the
whole. It is whole when something was refunded and nothing is left; of a purchase that coupons paid for
alone nothing is ever left, so its first refund, of 0 fen, is the whole and there is no second.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.shares import allot, share_so_far

from .errors import BadRefund, RefundTooLarge
from .records import LineRecord, PurchaseRecord


@dataclass(frozen=True)
class Told:
    """How much a refund says it gives back; see `facts.Refunded`."""

    amount_fen: int | None = None
    cash_fen: int | None = None
    lines: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What has been given back of a purchase so far, and what therefore is due.

    :param value_fen: over all tenders.
    :param cash_fen: what went back in cash.
    :param points: of the points that paid; `points_earned` of those that were earned.
    :param money_fen: of the growth that it was; `is_whole`: nothing of the purchase is left.
    """

    value_fen: int
    cash_fen: int
    points: int
    wallet_fen: int
    points_earned: int
    cashback_fen: int
    money_fen: int
    is_whole: bool


def standing(purchase: PurchaseRecord, refunds: Sequence[Told]) -> Standing:
    """Where a purchase stands after these refunds."""
    value = _value(purchase, refunds)
    total = purchase.total_fen
    cash_due = _due(purchase.cash_fen, value, total)
    rest = value - cash_due
    points_fen = _due(purchase.points_fen, rest, total - purchase.cash_fen)
    return Standing(
        value_fen=value,
        cash_fen=sum(refund.cash_fen or 0 for refund in refunds),
        points=_due(purchase.points_used, points_fen, purchase.points_fen),
        wallet_fen=rest - points_fen,
        points_earned=_due(purchase.points_earned, value, total),
        cashback_fen=_due(purchase.cashback_fen, value, total),
        money_fen=_due(purchase.money_fen, value, total),
        is_whole=bool(refunds) and value == total,
    )


def with_cash(purchase: PurchaseRecord, refunds: Sequence[Told], told: Told) -> Told:
    """The same refund with its cash: that of the value that it leads to, less what went back."""
    if told.cash_fen is not None:
        return told
    value = _value(purchase, [*refunds, told])
    back = sum(refund.cash_fen or 0 for refund in refunds)
    cash = max(0, _due(purchase.cash_fen, value, purchase.total_fen) - back)
    return Told(told.amount_fen, cash, told.lines)


def refusal_of(purchase: PurchaseRecord, refunds: Sequence[Told], told: Told) -> DomainError | None:
    """Why a further refund cannot be; None: it can.

    Where the cash is told it has gone back already, and decides.
    """
    if (told.amount_fen or 0) < 0 or (told.cash_fen or 0) < 0:
        return BadRefund("a refund gives something back")
    if told.amount_fen is None and not told.cash_fen:
        return BadRefund("a refund says how much it gives back")
    if told.amount_fen == 0 and not _ends(purchase, refunds, told):
        return BadRefund("a refund gives something back")
    return _above_payment(purchase, refunds, told) or _wrong_lines(purchase, refunds, told)


def lines_refunded(purchase: PurchaseRecord, refunds: Sequence[Told]) -> list[int]:
    """What of each line came back: its own refunds, and its share of those of the whole."""
    own = _by_line(refunds)
    left = [line.payable_fen - own[line.line_no] for line in purchase.lines]
    shared = allot(_value(purchase, refunds) - sum(own.values()), left)
    return [own[line.line_no] + part for line, part in zip(purchase.lines, shared, strict=True)]


def _value(purchase: PurchaseRecord, refunds: Sequence[Told]) -> int:
    """The value given back: what was told, and what follows from cash where only that was."""
    told = sum(refund.amount_fen or 0 for refund in refunds)
    by_cash = sum(refund.cash_fen or 0 for refund in refunds if refund.amount_fen is None)
    cash = sum(refund.cash_fen or 0 for refund in refunds)
    if by_cash and cash == purchase.cash_fen:
        return purchase.total_fen
    return min(purchase.total_fen, told + _due(purchase.total_fen, by_cash, purchase.cash_fen))


def _ends(purchase: PurchaseRecord, refunds: Sequence[Told], told: Told) -> bool:
    """Whether the purchase is whole again with this refund, and was not before."""
    before, after = standing(purchase, refunds), standing(purchase, [*refunds, told])
    return after.is_whole and not before.is_whole


def _due(part: int, done: int, whole: int) -> int:
    return share_so_far(part, done, whole) if part and done else 0


def _above_payment(
    purchase: PurchaseRecord, refunds: Sequence[Told], told: Told
) -> DomainError | None:
    before = standing(purchase, refunds)
    amount = told.amount_fen or 0
    if told.cash_fen is not None and before.cash_fen + told.cash_fen > purchase.cash_fen:
        return RefundTooLarge(told.cash_fen, purchase.cash_fen - before.cash_fen)
    valued = before.value_fen
    if told.cash_fen is not None:
        valued = sum(refund.amount_fen or 0 for refund in refunds)
    if valued + amount > purchase.total_fen:
        return RefundTooLarge(amount, purchase.total_fen - valued)
    return None


def _wrong_lines(
    purchase: PurchaseRecord, refunds: Sequence[Told], told: Told
) -> DomainError | None:
    if not told.lines:
        return None
    if sum(told.lines.values()) != told.amount_fen or min(told.lines.values()) <= 0:
        return BadRefund("the lines of a refund add up to its amount")
    own = _by_line([*refunds, told])
    lines: dict[int, LineRecord] = {line.line_no: line for line in purchase.lines}
    for line_no in told.lines:
        if line_no not in lines:
            return BadRefund(f"the purchase has no line {line_no}")
        left = lines[line_no].payable_fen - own[line_no]
        if left < 0:
            return RefundTooLarge(told.lines[line_no], told.lines[line_no] + left)
    return None


def _by_line(refunds: Sequence[Told]) -> Counter[int]:
    own: Counter[int] = Counter()
    for refund in refunds:
        own.update(dict(refund.lines))
    return own
