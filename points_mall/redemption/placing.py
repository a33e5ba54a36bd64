"""Placing orders: the one way in which points become a claim on something limited.

Requests that arrive together are placed together (`core.group_commit`): one gate call for each pool
and one transaction for all. In that transaction, in lock order: accounts, keys of repeats, units,
points, orders. A refusal fails alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.core.settings import settings
from miniprogram_api.repeats.records import Answer, Claim, Told, store_all
from points_mall.catalogue.shipping import shipping_fen
from points_mall.ledger import posting
from points_mall.ledger.movements import Debit, Hold, Movement, Posted
from points_mall.ledger.reasons import Reason
from points_mall.stock import claiming, sold_out, taking, units
from points_mall.stock.errors import AllowanceUsed, SoldOut
from points_mall.stock.gate import Want
from points_mall.stock.taking import Try

from . import pickup_codes
from .models import RedemptionOrder
from .states import OrderStatus

PAY_WITHIN = timedelta(minutes=15)
"""How long an order waits for its cash half."""

_ORDERS = cast(sa.Table, RedemptionOrder.__table__)


@dataclass(frozen=True)
class Offer:
    """What is offered for points, by a reward or by a sale.

    :param points: the price of one; `cash_fen` is owed in addition, and so is what sending it costs:
        either holds the points until it is paid.
    :param is_stocked: it waits at the counter already.
    :param describe: the answer to the shopper, from the order's row and what is left to spend.
    :param is_cancellable: the member may cancel before it is shipped or collected.
    :param allowance_pools: pools that share one allowance, where the offer is one of several forms.
    :param shared_allowance: how many units of all of them one member may take.
    """

    source: str
    source_id: int
    pool_id: int
    title: str
    points: int
    cash_fen: int
    fulfilment: str
    is_stocked: bool
    reason: Reason
    describe: Callable[[dict[str, Any], int], dict[str, Any]]
    is_cancellable: bool = True
    allowance_pools: tuple[int, ...] = ()
    shared_allowance: int | None = None


@dataclass(frozen=True)
class Placement:
    """A member wants an offer, under an idempotency key.

    :param delivery_sealed: where to send it, sealed for this order's number.
    """

    member_id: int
    claim: Claim
    offer: Offer
    quantity: int = 1
    delivery_sealed: str | None = None

    @cached_property
    def order_no(self) -> str:
        """The number of the order that it becomes."""
        return order_no_for(self.claim)

    @cached_property
    def shipping_fen(self) -> int:
        """What of the cash is for sending it."""
        return shipping_fen(self.offer.fulfilment)

    @cached_property
    def cash_fen(self) -> int:
        """What is owed in cash, for all of it."""
        return self.offer.cash_fen * self.quantity + self.shipping_fen


def order_no_for(claim: Claim) -> str:
    """The number of the order that a key stands for: whoever repeats the key means this order."""
    return "R" + blind_index(f"{claim.scope}:{claim.key}", "order_no")[:20].upper()


def place(placement: Placement) -> Told:
    """Place an order, together with whoever arrives at the same time.

    :raises DomainError: it is refused, and nothing has moved.
    """
    if sold_out.is_known(placement.offer.pool_id, placement.member_id):
        raise SoldOut
    db.session.rollback()  # nobody keeps a connection while waiting for the group
    return group_of("redemption", place_all).submit(placement)


def place_all(placements: Sequence[Placement]) -> list[Told | Exception]:
    """Place a group of orders; each is answered or refused by itself."""
    tries = [
        Try(one.offer.pool_id, Want(one.member_id, one.order_no, one.quantity), one)
        for one in placements
    ]
    placed: dict[str, Told] = {}
    taking.take(tries, lambda some: _write(some, placed))
    return [one.refusal or placed[one.want.order_no] for one in tries]


def _write(tries: Sequence[Try[Placement]], placed: dict[str, Told]) -> None:
    """One transaction: own the units, move the points, write the orders and the answers."""
    fresh: dict[str, Told] = {}
    with transaction() as session:
        posting.lock_accounts(one.want.member_id for one in tries)
        claims = [one.item.claim for one in tries]
        first = claiming.claim_units(session, tries, claims, _refuse_beyond_shared_allowance)
        for one, known in zip(tries, first, strict=True):
            if known is not None:
                fresh[one.want.order_no] = Told(known, is_repeat=True)
        rows = _pay(claiming.owners(tries))
        bulk.insert(session, _ORDERS, [row for row, _ in rows])
        answers = []
        for one, (row, available) in zip(claiming.owners(tries), rows, strict=True):
            answer = Answer(201, one.item.offer.describe(row, available))
            fresh[one.want.order_no] = Told(answer)
            answers.append((one.item.claim, answer))
        store_all(session, answers)
    placed |= fresh


def _refuse_beyond_shared_allowance(tries: Sequence[Try[Placement]]) -> None:
    """Forms of one thing are counted together; the members' accounts are locked by now."""
    sharing = [one for one in tries if one.item.offer.shared_allowance is not None]
    if not sharing:
        return
    pools = {pool for one in sharing for pool in one.item.offer.allowance_pools}
    held = Counter(units.counts_held(pools, {one.want.member_id for one in sharing}))
    for one in sharing:
        offer, mine = one.item.offer, (one.pool_id, one.want.member_id)
        taken = sum(held[pool, one.want.member_id] for pool in offer.allowance_pools)
        if taken + one.want.quantity > (offer.shared_allowance or 0):
            one.refuse(AllowanceUsed())
        else:
            held[mine] += one.want.quantity


def _pay(tries: Sequence[Try[Placement]]) -> list[tuple[dict[str, Any], int]]:
    """Take or hold the points; who has too few gives the units up. Rows of the others, in order."""
    moment = now()
    movements = [_movement(one.item, moment) for one in tries]
    rows, poor = [], []
    for one, posted in zip(tries, posting.post(movements), strict=True):
        if isinstance(posted, Posted):
            rows.append((_row(one.item, moment), posted.available))
        else:
            poor.append((one, posted))
    claiming.give_up([one for one, _ in poor], [refusal for _, refusal in poor])
    return rows


def _movement(placement: Placement, moment: datetime) -> Movement:
    offer = placement.offer
    points = offer.points * placement.quantity
    reference = f"order:{placement.order_no}"
    if placement.cash_fen:
        return Hold(placement.member_id, points, offer.reason, reference, _held_until(moment))
    explanation = {
        "source": offer.source,
        "title": offer.title,
        "points_each": offer.points,
        "quantity": placement.quantity,
    }
    return Debit(placement.member_id, points, offer.reason, reference, explanation)


def _held_until(moment: datetime) -> datetime:
    """When a hold ends by itself: later than the order, whose payment may be heard of late."""
    return moment + PAY_WITHIN + timedelta(hours=settings().payment_unknown_hours)


def _row(placement: Placement, moment: datetime) -> dict[str, Any]:
    offer = placement.offer
    by_pickup, cash_fen = offer.fulfilment == "pickup", placement.cash_fen
    status = OrderStatus.READY if by_pickup and offer.is_stocked else OrderStatus.PLACED
    return {
        "order_no": placement.order_no,
        "member_id": placement.member_id,
        "source": offer.source,
        "source_id": offer.source_id,
        "pool_id": offer.pool_id,
        "title": offer.title,
        "quantity": placement.quantity,
        "points": offer.points * placement.quantity,
        "cash_fen": cash_fen,
        "shipping_fen": placement.shipping_fen,
        "status": OrderStatus.AWAITING_PAYMENT if cash_fen else status,
        "fulfilment": offer.fulfilment,
        "pickup_code": pickup_codes.new_code() if by_pickup else None,
        "delivery_sealed": placement.delivery_sealed,
        "placed_at": moment,
        "pay_by": moment + PAY_WITHIN if cash_fen else None,
        "changed_at": moment,
        "is_cancellable": offer.is_cancellable,
        "is_stocked": offer.is_stocked,
    }
