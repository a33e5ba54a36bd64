"""What a member wants to buy, as a bill: its lines, at the shop's own prices."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from miniprogram_api.core.clock import now
from points_mall.catalogue import goods
from points_mall.earning.facts import REDEMPTION, SHIPPING, TOP_UP
from points_mall.redemption.errors import PaymentTimeOver, StepNotAllowed
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.orders import order_of
from points_mall.redemption.paying import begin_payment
from points_mall.redemption.placing import PAY_WITHIN
from points_mall.redemption.states import OrderStatus
from points_mall.wallet.models import WalletPlan
from points_mall.wallet.plans import offered_plan, require_room

from .facts import DEFAULT_CATEGORY, PaidLine
from .placing_errors import AmountTooLarge, UnclearPurchase
from .states import Purpose

MOST_FEN = 10_000_000_00
"""The largest bill: ten million yuan."""

LEAST_TIME = timedelta(minutes=5)
"""What a payment that is begun is given at least, however late its order is."""

TITLE_LENGTH = 127


@dataclass(frozen=True)
class Item:
    """So many of a product."""

    sku: str
    quantity: int = 1


@dataclass(frozen=True)
class Asked:
    """What a member asks to pay for: goods, an amount, the cash half of an order, or a plan.

    :param most_points: pay with so many points at most; None: with as many as may be.
    :param most_wallet_fen: pay so much from the wallet at most; None: as far as it reaches.
    :param coupons: exactly these, by code; None: those with which the member pays least.
    """

    items: tuple[Item, ...] = ()
    amount_fen: int | None = None
    order_no: str | None = None
    plan: str | None = None
    most_points: int | None = 0
    most_wallet_fen: int | None = 0
    store: str | None = None
    coupons: tuple[str, ...] | None = ()


@dataclass(frozen=True)
class Bill:
    """What is to be paid, before discounts.

    :param subject: the order of a redemption, the plan of a top-up.
    :param takes_points: points may pay a part; `takes_wallet`: the wallet may.
    :param shipping_fen: what sending it costs; it is a line of its own, the last.
    :param promised: what was promised with it, kept whatever is changed later.
    """

    purpose: Purpose
    title: str
    lines: tuple[PaidLine, ...]
    pay_by: datetime
    subject: str | None = None
    takes_discount: bool = False
    takes_points: bool = False
    takes_wallet: bool = False
    shipping_fen: int = 0
    promised: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def all_lines(self) -> tuple[PaidLine, ...]:
        """Its lines, and shipping where it costs something."""
        if not self.shipping_fen:
            return self.lines
        return (*self.lines, PaidLine("运费", self.shipping_fen, category=SHIPPING))

    @property
    def gross_fen(self) -> int:
        """What it comes to."""
        return sum(line.amount_fen for line in self.all_lines)


def bill_of(member_id: int, asked: Asked, *, is_placing: bool = False) -> Bill:
    """The bill for what a member asks.

    :param is_placing: it is to be paid now, in the caller's transaction and with the member's
        account locked: an order then waits for the outcome.
    :raises DomainError: it cannot be bought.
    """
    _require_clear(asked)
    if asked.order_no is not None:
        order = (begin_payment if is_placing else _unpaid_order)(member_id, asked.order_no)
        return _checked(_of_order(order))
    if asked.plan is not None:
        plan = offered_plan(asked.plan)
        require_room(member_id, plan.pay_fen)
        return _checked(_of_plan(plan))
    if asked.amount_fen is not None:
        return _checked(_sale([_amount_line(asked.amount_fen, asked.store)]))
    return _checked(_sale(_goods_lines(asked.items)))


def _require_clear(asked: Asked) -> None:
    """See that exactly one says what is bought, and that no product is named twice."""
    ways = (asked.items or None, asked.amount_fen, asked.order_no, asked.plan)
    if sum(way is not None for way in ways) != 1:
        raise UnclearPurchase("give exactly one of items, amount_fen, order_no, plan")
    skus = [item.sku for item in asked.items]
    if len(set(skus)) != len(skus):
        raise UnclearPurchase("a product is named twice")


def _sale(lines: Sequence[PaidLine]) -> Bill:
    more = f" 等{len(lines)}件" if len(lines) > 1 else ""
    return Bill(
        Purpose.SALE,
        lines[0].title[: TITLE_LENGTH - len(more)] + more,
        tuple(lines),
        now() + PAY_WITHIN,
        takes_discount=True,
        takes_points=True,
        takes_wallet=True,
    )


def _amount_line(amount_fen: int, store: str | None) -> PaidLine:
    return PaidLine(store or "到店消费", amount_fen, category=DEFAULT_CATEGORY)


def _goods_lines(items: Sequence[Item]) -> list[PaidLine]:
    sold = goods.on_sale(item.sku for item in items)
    return [
        PaidLine(
            title=sold[item.sku].title,
            amount_fen=sold[item.sku].price_fen * item.quantity,
            category=sold[item.sku].category,
            sku=item.sku,
            quantity=item.quantity,
        )
        for item in items
    ]


def _of_order(order: RedemptionOrder) -> Bill:
    """The cash half of an order: its points are held already, and it has its own price.

    Of shipping something may come off; an order that owes nothing else has a line of 0 fen.
    """
    moment, goods_fen = now(), order.cash_fen - order.shipping_fen
    return Bill(
        Purpose.REDEMPTION,
        order.title,
        (PaidLine(order.title, goods_fen, category=REDEMPTION, quantity=order.quantity),),
        max(order.pay_by or moment, moment + LEAST_TIME),
        subject=order.order_no,
        takes_wallet=True,
        shipping_fen=order.shipping_fen,
    )


def _of_plan(plan: WalletPlan) -> Bill:
    promised = {"code": plan.code, "pay_fen": plan.pay_fen, "bonus_fen": plan.bonus_fen}
    return Bill(
        Purpose.TOP_UP,
        plan.title,
        (PaidLine(plan.title, plan.pay_fen, category=TOP_UP),),
        now() + PAY_WITHIN,
        subject=plan.code,
        promised={"plan": promised},
    )


def _unpaid_order(member_id: int, order_no: str) -> RedemptionOrder:
    """An order as it could be paid now; nothing is begun."""
    order = order_of(member_id, order_no)
    if order.status != OrderStatus.AWAITING_PAYMENT:
        raise StepNotAllowed(order.status)
    if order.pay_by is not None and order.pay_by <= now():
        raise PaymentTimeOver(order.pay_by)
    return order


def _checked(bill: Bill) -> Bill:
    if bill.gross_fen > MOST_FEN:
        raise AmountTooLarge(bill.gross_fen, MOST_FEN)
    return bill
