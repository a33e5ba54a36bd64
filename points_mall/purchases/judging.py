"""What a payment means for its purchase: new, due, late, heard before, or not to be believed.

Pure: no database, no clock. Records are changed in memory; `recording` writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from miniprogram_api.core.errors import DomainError

from .errors import AmountDiffers, BadPayment, NoSuchPurchase, PayerDiffers
from .facts import Key, Outcome, Paid, PaidLine, Recorded, purchase_no_for
from .loading import Person
from .records import LineRecord, PurchaseRecord
from .states import PLACED_FIRST, PurchaseStatus, Purpose

MOST_FEN = 10_000_000_00
"""The largest purchase that is believed: ten million yuan."""

ACCOUNT_CLOSED = "account_closed"
"""Why a purchase was closed: its member had left before it was paid."""


@dataclass(frozen=True)
class Verdict:
    """How a fact was taken, and the purchase that it concerns."""

    outcome: Outcome
    purchase: PurchaseRecord | None = None
    refusal: DomainError | None = None

    def answer(self) -> Recorded:
        """What the caller hears, with the figures as they stand now."""
        if self.purchase is None:
            return Recorded(self.outcome, refusal=self.refusal)
        is_closed = self.purchase.status == PurchaseStatus.CLOSED
        return Recorded(
            Outcome.LATE if is_closed and self.outcome is Outcome.RECORDED else self.outcome,
            self.purchase.purchase_no,
            self.purchase.points_earned,
            self.purchase.cashback_fen,
            self.refusal,
        )


@dataclass
class Desk:
    """The purchases that facts concern, and what became of them.

    :param known: the purchases that exist, by key; those that facts found are added.
    :param persons: the members whose accounts are open.
    :ivar due: paid just now by an open member: they take effect.
    :ivar late: paid just now although they were closed: their cash goes back.
    :ivar noted: paid just now, and nobody's yet.
    """

    known: dict[Key, PurchaseRecord]
    persons: Mapping[int, Person]
    moment: datetime
    due: list[PurchaseRecord] = field(default_factory=list)
    late: list[PurchaseRecord] = field(default_factory=list)
    noted: list[PurchaseRecord] = field(default_factory=list)

    def take(self, fact: Paid) -> Verdict:
        """Decide one fact; one that is refused changes nothing."""
        purchase = self.known.get(fact.key)
        try:
            if purchase is None:
                return self._found(fact)
            _require_same(purchase, fact)
        except DomainError as refusal:
            return Verdict(Outcome.REFUSED, purchase, refusal)
        if purchase.status == PurchaseStatus.AWAITING_PAYMENT:
            return self._paid(purchase, fact)
        if purchase.status == PurchaseStatus.CLOSED:
            return self._paid_late(purchase, fact)
        return self._heard_before(purchase, fact)

    def close(self, purchase: PurchaseRecord, why: str) -> None:
        """A purchase that was to take effect cannot: it counts as paid too late."""
        self.due.remove(purchase)
        self.late.append(purchase)
        purchase.status, purchase.close_reason = PurchaseStatus.CLOSED, why
        purchase.closed_at, purchase.paid_late_at = self.moment, purchase.paid_at
        purchase.paid_at = None

    def _found(self, fact: Paid) -> Verdict:
        """A purchase that was made elsewhere is written down as it was told."""
        if fact.source in PLACED_FIRST:
            raise NoSuchPurchase(f"no purchase {fact.external_id} was placed with us")
        purchase = _as_told(fact, self._open(fact.member_id))
        self.known[fact.key] = purchase
        (self.noted if purchase.member_id is None else self.due).append(purchase)
        return Verdict(Outcome.RECORDED, purchase)

    def _paid(self, purchase: PurchaseRecord, fact: Paid) -> Verdict:
        purchase.status, purchase.paid_at = PurchaseStatus.PAID, fact.paid_at
        self.due.append(purchase)
        if self._open(purchase.member_id) is None:
            self.close(purchase, ACCOUNT_CLOSED)
        return Verdict(Outcome.RECORDED, purchase)

    def _paid_late(self, purchase: PurchaseRecord, fact: Paid) -> Verdict:
        if purchase.paid_late_at is not None:
            return Verdict(Outcome.REPEATED, purchase)
        purchase.paid_late_at = fact.paid_at
        self.late.append(purchase)
        return Verdict(Outcome.LATE, purchase)

    def _heard_before(self, purchase: PurchaseRecord, fact: Paid) -> Verdict:
        """Nothing moves, unless somebody's purchase was nobody's until now."""
        owner = self._open(fact.member_id)
        if purchase.member_id is not None or owner is None:
            return Verdict(Outcome.REPEATED, purchase)
        purchase.member_id = owner
        if purchase in self.noted:
            self.noted.remove(purchase)
        self.due.append(purchase)
        return Verdict(Outcome.RECORDED, purchase)

    def _open(self, member_id: int | None) -> int | None:
        return member_id if member_id in self.persons else None


def _require_same(purchase: PurchaseRecord, fact: Paid) -> None:
    """See that a fact tells of the purchase what we know of it."""
    if fact.amount_fen != purchase.cash_fen:
        raise AmountDiffers(fact.amount_fen, purchase.cash_fen)
    if None not in {fact.member_id, purchase.member_id} and fact.member_id != purchase.member_id:
        raise PayerDiffers("it was paid by another member than the one who placed it")


def _as_told(fact: Paid, member_id: int | None) -> PurchaseRecord:
    if not 0 < fact.amount_fen <= MOST_FEN:
        raise BadPayment(f"a purchase is of 1 to {MOST_FEN} fen, not {fact.amount_fen}")
    lines = _lines(fact)
    gross = sum(line.amount_fen for line in lines)
    return PurchaseRecord(
        purchase_no=purchase_no_for(fact.source, fact.external_id),
        source=fact.source,
        external_id=fact.external_id,
        member_id=member_id,
        status=PurchaseStatus.PAID,
        purpose=Purpose.SALE,
        subject=None,
        title=fact.title[:128],
        store=fact.store,
        gross_fen=gross,
        discount_fen=gross - fact.amount_fen,
        total_fen=fact.amount_fen,
        cash_fen=fact.amount_fen,
        placed_at=fact.paid_at,
        paid_at=fact.paid_at,
        lines=lines,
    )


def _lines(fact: Paid) -> list[LineRecord]:
    told: Sequence[PaidLine] = fact.lines or [PaidLine(fact.title, fact.amount_fen)]
    if sum(line.net_fen for line in told) != fact.amount_fen:
        raise BadPayment("the lines of a purchase add up to what was paid")
    if any(not 0 <= line.net_fen <= line.amount_fen or line.quantity < 1 for line in told):
        raise BadPayment("a line has some of a thing, and costs no more than it is priced")
    return [
        LineRecord(
            line_no,
            line.sku,
            line.title[:128],
            line.category,
            line.quantity,
            line.amount_fen,
            line.net_fen,
        )
        for line_no, line in enumerate(told, start=1)
    ]
