"""What purchases left behind on coupons, and what they should have. Reads only."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core.bulk import among
from miniprogram_api.core.shares import share_so_far
from points_mall.coupons.history import events
from points_mall.coupons.holding import coupons
from points_mall.coupons.states import Happened
from points_mall.coupons.templates import read_terms
from points_mall.coupons.terms import Kind, Policy

from .facts import tender_reference
from .records import PurchaseRecord
from .sharing import Standing
from .states import PurchaseStatus

_USES = (
    sa.select(coupons.c.code, coupons.c.member_id, events.c.reference, events.c.facts)
    .join(events, events.c.coupon_id == coupons.c.id)
    .where(among(coupons.c.code, "codes"), events.c.happened == Happened.USED)
)
_USED_NOW = sa.select(coupons).where(among(coupons.c.used_for, "references"))
_LOCKED_NOW = sa.select(coupons.c.code, coupons.c.locked_for).where(
    among(coupons.c.locked_for, "references")
)
_KINDS = frozenset(kind.value for kind in Kind)

Check = tuple[str, object, object]


@dataclass
class CouponTraces:
    """What was found, by the reference of the purchase.

    :ivar uses: owner, code and fen of every use, be it undone since.
    :ivar used_now: the coupons whose use stands; `locked_now`: those that wait for a payment.
    """

    uses: dict[str, list[tuple[int, str, int]]] = field(default_factory=lambda: defaultdict(list))
    used_now: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    locked_now: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def checks(self, purchase: PurchaseRecord, after: Standing) -> Iterator[Check]:
        """What a purchase should have done to coupons, and what it did."""
        reference = tender_reference(purchase.purchase_no)
        taken = taken_by_coupons(purchase)
        if steps := _steps(purchase):
            off = sum(step["amount_fen"] for step in steps)
            yield "discounts add up", purchase.discount_fen, off
        is_paid = purchase.status == PurchaseStatus.PAID
        waits = purchase.status == PurchaseStatus.AWAITING_PAYMENT
        locked = set(purchase.coupons) if waits else set()
        yield "coupons locked", locked, self.locked_now[reference]
        found = {
            code: took
            for owner, code, took in self.uses[reference]
            if took and owner == purchase.member_id
        }
        yield "coupons used", taken if is_paid else {}, found
        yield from self._restored(reference, purchase, after)

    def _restored(
        self, reference: str, purchase: PurchaseRecord, after: Standing
    ) -> Iterator[Check]:
        for row in self.used_now[reference]:
            policy, due = read_terms(row.terms).restore.policy, 0
            yield f"owner of coupon {row.code}", purchase.member_id, row.member_id
            if policy is Policy.BY_SHARE and (after.value_fen or after.is_whole):
                due = share_so_far(row.took_fen, after.value_fen, purchase.total_fen)
            yield f"given back of coupon {row.code}", due, row.restored_fen
            stays = policy is not Policy.WHOLE or not after.is_whole
            yield f"coupon {row.code} stays used", True, stays


def taken_by_coupons(purchase: PurchaseRecord) -> dict[str, int]:
    """What each coupon took off a purchase, wherever it was made."""
    return {
        step["reference"]: step["amount_fen"] for step in _steps(purchase) if step["rule"] in _KINDS
    }


def load_coupon_traces(session: Session, purchases: Sequence[PurchaseRecord]) -> CouponTraces:
    """Everything that these purchases left behind on coupons."""
    traces = CouponTraces()
    references = {"references": [tender_reference(one.purchase_no) for one in purchases]}
    codes = sorted({code for one in purchases for code in taken_by_coupons(one)})
    for row in session.execute(_USED_NOW, references):
        traces.used_now[row.used_for].append(row)
    for row in session.execute(_LOCKED_NOW, references):
        traces.locked_now[row.locked_for].add(row.code)
    for row in session.execute(_USES, {"codes": codes}) if codes else ():
        use = row.member_id, row.code, int(row.facts["took_fen"])
        traces.uses[row.reference].append(use)
    return traces


def _steps(purchase: PurchaseRecord) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = (purchase.explanation or {}).get("price", {}).get("steps", [])
    return steps
