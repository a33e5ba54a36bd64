"""Applying what WeChat tells the mall: authorisations, purchases, refunds.

Each runs in the transaction that drains the inbox, for all notices of a kind at once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import current_transaction
from miniprogram_api.core.settings import settings
from points_mall.purchases.facts import Outcome, Paid, Recorded, RecordedRefund, Refunded
from points_mall.purchases.inbox import Applied, Notice, handler
from points_mall.purchases.recording import record_purchases
from points_mall.purchases.refunds import record_refunds
from points_mall.purchases.states import BUSINESS_CIRCLE, NoticeState

from . import authorizing, identities, syncing
from .facts import (
    CardActivated,
    MallPurchase,
    MallRefund,
    NotBelieved,
    Ourselves,
    activation_of,
    purchase_of,
    refund_of,
)

Fact = TypeVar("Fact")

ACTIVATED = "MALL_AUTH.ACTIVATE_CARD"
PAID = "MALL_TRANSACTION.SUCCESS"
REFUNDED = "MALL_REFUND.SUCCESS"


@handler(BUSINESS_CIRCLE, PAID)
def hear_purchases(notices: Sequence[Notice]) -> list[Applied]:
    """Record purchases, and write down what WeChat is to be told of each."""
    return _heard(notices, purchase_of, _record)


@handler(BUSINESS_CIRCLE, REFUNDED)
def hear_refunds(notices: Sequence[Notice]) -> list[Applied]:
    """Record refunds; one that comes before its payment waits for it."""
    return _heard(notices, refund_of, _give_back)


@handler(BUSINESS_CIRCLE, ACTIVATED)
def hear_activations(notices: Sequence[Notice]) -> list[Applied]:
    """Note who lets the mall see purchases."""
    return _heard(notices, activation_of, _note)


def paid(purchase: MallPurchase, member_id: int | None) -> Paid:
    """A purchase in the mall as the fact that is recorded."""
    return Paid(
        source=BUSINESS_CIRCLE,
        external_id=purchase.transaction_id,
        amount_fen=purchase.amount_fen,
        paid_at=purchase.paid_at,
        member_id=member_id,
        title=purchase.shop,
        store=purchase.shop_number or None,
    )


def _heard(
    notices: Sequence[Notice],
    read: Callable[[Mapping[str, Any], Ourselves], Fact],
    apply: Callable[[Sequence[Fact]], Sequence[Applied]],
) -> list[Applied]:
    """Read every notice and apply those that are believed; answer each in order."""
    ourselves = Ourselves(settings().wxpay_mchid, settings().wx_appid)
    facts: list[Fact] = []
    doubts: dict[int, str] = {}
    for place, notice in enumerate(notices):
        try:
            facts.append(read(notice.resource, ourselves))
        except NotBelieved as doubt:
            doubts[place] = str(doubt)
    answers = iter(apply(facts) if facts else ())
    return [
        Applied(NoticeState.FAILED, doubts[place]) if place in doubts else next(answers)
        for place in range(len(notices))
    ]


def _record(purchases: Sequence[MallPurchase]) -> list[Applied]:
    session = current_transaction()
    members = identities.members_of(session, {one.openid for one in purchases})
    recorded = record_purchases([paid(one, members.get(one.openid)) for one in purchases])
    believed = [
        (purchase, answer)
        for purchase, answer in zip(purchases, recorded, strict=True)
        if answer.outcome is not Outcome.REFUSED
    ]
    syncing.write_down(session, believed, members)
    return [_answer(answer) for answer in recorded]


def _give_back(refunds: Sequence[MallRefund]) -> list[Applied]:
    return [
        _answer(answer)
        for answer in record_refunds(
            [
                Refunded(
                    source=BUSINESS_CIRCLE,
                    external_id=one.refund_id,
                    purchase=(BUSINESS_CIRCLE, one.transaction_id),
                    refunded_at=one.refunded_at,
                    cash_fen=one.refund_fen,
                    reason="refunded by the shop",
                    actor="wechat",
                )
                for one in refunds
            ]
        )
    ]


def _note(activations: Sequence[CardActivated]) -> list[Applied]:
    authorizing.note_activations(current_transaction(), activations, now())
    return [Applied() for _ in activations]


def _answer(recorded: Recorded | RecordedRefund) -> Applied:
    if recorded.outcome is Outcome.REFUSED:
        return Applied(NoticeState.FAILED, str(recorded.refusal))
    return Applied(note=None if recorded.outcome is Outcome.RECORDED else recorded.outcome.value)
