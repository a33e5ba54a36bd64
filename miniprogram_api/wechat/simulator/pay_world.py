"""What the simulated WeChat Pay remembers: orders, refunds, purchases in the mall, notices."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .pay_keys import Certificate, PayKeys, new_certificate

PREPAY_SECONDS = 2 * 3600
CHINA = timezone(timedelta(hours=8))
MODES = ("public_key", "certificate", "both")
NOTICES_KEPT = 5000


def moment(at: float) -> str:
    """A moment as WeChat Pay writes it: RFC 3339, in China's time."""
    return datetime.fromtimestamp(at, CHINA).isoformat(timespec="seconds")


def digits(start: str, length: int) -> str:
    """A new number that begins with `start`."""
    return start + "".join(secrets.choice("0123456789") for _ in range(length - len(start)))


@dataclass
class Order:
    """What a merchant wants to be paid for. `asked` is its request as it came."""

    asked: dict[str, Any]
    placed_at: float
    state: str = "NOTPAY"
    prepay_ids: dict[str, float] = field(default_factory=dict)  # to the end of its life
    transaction_id: str | None = None
    paid_at: float | None = None

    @property
    def out_trade_no(self) -> str:
        """The merchant's number."""
        return str(self.asked["out_trade_no"])

    @property
    def total_fen(self) -> int:
        """What is to be paid."""
        return int(self.asked["amount"]["total"])

    @property
    def openid(self) -> str:
        """Who is to pay."""
        return str(self.asked["payer"]["openid"])


@dataclass
class Refund:
    """Money on its way back. `asked` is the merchant's request as it came."""

    asked: dict[str, Any]
    refund_id: str
    out_refund_no: str
    out_trade_no: str
    transaction_id: str
    refund_fen: int
    total_fen: int
    notify_url: str
    asked_at: float
    status: str = "PROCESSING"
    settled_at: float | None = None


@dataclass
class MallPurchase:
    """What somebody paid in a shop of the business circle.

    :param told: whether the mall was told of it.
    :param synced: what the mall said of its points, once it has.
    """

    transaction_id: str
    openid: str
    shop_number: str
    amount_fen: int
    paid_at: float
    commit_tag: str | None = None
    told: bool = False
    synced: dict[str, Any] | None = None
    refunded_fen: int = 0


@dataclass
class Authorisation:
    """Whether somebody lets their payments earn points by themselves."""

    openid: str
    state: str = "UNAUTHORIZED"
    code: str = ""
    authorised_at: float | None = None
    deauthorised_at: float | None = None


@dataclass
class Notice:
    """One thing that the mall is to be told, and how far that has come.

    :param state: queued, held, delivered, lost (never sent again), given_up (after all tries).
    """

    notice_id: str
    event_type: str
    original_type: str
    summary: str
    resource: dict[str, Any]
    path: str
    created_at: float
    state: str = "queued"
    tries: int = 0
    answers: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nobody is going to deliver it any more."""
        return self.state in {"delivered", "lost", "given_up"}


class PayWorld:
    """All that WeChat Pay knows. It is guarded by the lock of the world that it is a part of."""

    def __init__(self, keys: Callable[[], PayKeys], now: Callable[[], float]) -> None:
        self._make_keys = keys
        self._keys: PayKeys | None = None
        self.now = now
        self.clear()

    @property
    def keys(self) -> PayKeys:
        """The merchant's keys and WeChat's own; made when they are first needed."""
        if self._keys is None:
            self._keys = self._make_keys()
        return self._keys

    def clear(self) -> None:
        """Forget everything but the keys."""
        self.mode = "public_key"
        self.certificates_open = True  # in the modes that have them
        self.skew_seconds = 0.0
        self.refund_seconds = 0.5
        self.refund_pause_seconds = 0.0
        self.is_holding = False
        self.certificates: list[Certificate] = []
        self.nonces: dict[str, float] = {}
        self.orders: dict[str, Order] = {}
        self.refunds: dict[str, Refund] = {}
        self.purchases: dict[str, MallPurchase] = {}
        self.mall_refunds: list[dict[str, Any]] = []
        self.authorisations: dict[str, Authorisation] = {}
        self.parkings: list[dict[str, Any]] = []
        self.shippings: dict[str, dict[str, Any]] = {}
        self.bills: dict[str, str] = {}
        self.notices: dict[str, Notice] = {}
        self.notice_order: deque[str] = deque()

    def certificate(self) -> Certificate:
        """The platform certificate that signs; made when it is first needed."""
        if not self.certificates:
            self.rotate()
        return self.certificates[-1]

    def rotate(self) -> Certificate:
        """Begin to sign with a new platform certificate; the older ones stay known."""
        self.certificates.append(new_certificate(self.now()))
        return self.certificates[-1]

    def order_of(self, number: str) -> Order | None:
        """An order by prepay_id, transaction_id or the merchant's number."""
        if number in self.orders:
            return self.orders[number]
        return next(
            (
                order
                for order in self.orders.values()
                if number == order.transaction_id or number in order.prepay_ids
            ),
            None,
        )

    def refunds_of(self, order: Order) -> list[Refund]:
        """What of an order went back or is on its way."""
        return [
            refund
            for refund in self.refunds.values()
            if refund.out_trade_no == order.out_trade_no
            and refund.status in {"PROCESSING", "SUCCESS"}
        ]

    def authorisation(self, openid: str) -> Authorisation:
        """What somebody has agreed to."""
        return self.authorisations.setdefault(openid, Authorisation(openid))

    def note(self, notice: Notice) -> None:
        """Keep a notice; the oldest ones that are over are forgotten."""
        self.notices[notice.notice_id] = notice
        self.notice_order.append(notice.notice_id)
        while len(self.notice_order) > NOTICES_KEPT:
            if not self.notices[self.notice_order[0]].is_over:
                return
            del self.notices[self.notice_order.popleft()]

    def snapshot(self) -> dict[str, Any]:
        """What outlives a restart."""
        return {
            "orders": [asdict(order) for order in self.orders.values()],
            "refunds": [asdict(refund) for refund in self.refunds.values()],
            "purchases": [asdict(purchase) for purchase in self.purchases.values()],
            "mall_refunds": list(self.mall_refunds),
            "authorisations": [asdict(one) for one in self.authorisations.values()],
            "parkings": list(self.parkings),
            "shippings": dict(self.shippings),
            "notices": [asdict(self.notices[number]) for number in self.notice_order],
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        self.orders = {order.out_trade_no: order for order in map(_order, saved["orders"])}
        self.refunds = {item["out_refund_no"]: Refund(**item) for item in saved["refunds"]}
        self.purchases = {
            item["transaction_id"]: MallPurchase(**item) for item in saved["purchases"]
        }
        self.mall_refunds = list(saved["mall_refunds"])
        self.authorisations = {
            item["openid"]: Authorisation(**item) for item in saved["authorisations"]
        }
        self.parkings, self.shippings = list(saved["parkings"]), dict(saved["shippings"])
        for item in saved["notices"]:
            self.note(Notice(**item))


def _order(item: dict[str, Any]) -> Order:
    return Order(**item)
