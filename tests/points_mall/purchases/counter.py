"""A counter where members buy, with WeChat Pay at the other end of a real wire."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job
from miniprogram_api.jobs.registry import registered
from miniprogram_api.repeats.records import Claim, fingerprint
from miniprogram_api.wechat.extension import pay
from points_mall.catalogue import goods
from points_mall.catalogue import services as catalogue
from points_mall.catalogue.goods import Goods
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.ledger import posting
from points_mall.purchases import cash_half, draining, inbox, placing, refunding, shipping
from points_mall.purchases import cash_jobs as _cash_jobs  # noqa: F401 - registers its work
from points_mall.purchases import jobs as _jobs  # noqa: F401 - registers its work
from points_mall.purchases.bills import Asked
from points_mall.purchases.events import paid_too_late, purchases_paid
from points_mall.purchases.models import PaymentNotice
from points_mall.purchases.states import WECHAT_PAY
from points_mall.purchases.wechat_models import WechatPayment, WechatRefund
from points_mall.redemption.events import order_sent, orders_cancelled
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.ordering import placement
from points_mall.redemption.placing import place
from points_mall.wallet import posting as wallet
from points_mall.wallet.reasons import ADJUSTMENT
from tests.builders import enrolled_member
from tests.services.wechat import Simulator

from .shop import GIFT

COFFEE = Goods("latte", "拿铁", "coffee", 2190)
SHIRT = Goods("tee", "纯棉T恤", "clothing", 9900)
JOBS = {refunding.ASK_REFUND, cash_half.REFUND_ALL, shipping.REPORT_SHIPPING}
_keys = itertools.count(1)


def follow_events() -> None:
    """As the application joins them."""
    purchases_paid.connect(cash_half.pay_orders)
    purchases_paid.connect(shipping.report_sold)
    paid_too_late.connect(cash_half.send_back)
    orders_cancelled.connect(cash_half.follow_cancelled)
    order_sent.connect(shipping.report_sent)


@dataclass
class Counter:
    """What happens at the counter; WeChat's notices come only when they are handed over."""

    app: Flask
    simulator: Simulator

    def open(self) -> None:
        """Put goods on the shelf, and let both clocks show the same time."""
        follow_events()
        goods.load([COFFEE, SHIRT])
        self.simulator.set_clock(now())

    def shopper(
        self,
        openid: str = "o-li-at-the-counter",
        points: int = 0,
        principal: int = 0,
        bonus: int = 0,
    ) -> int:
        """A member with points and money in the wallet, by id."""
        self.simulator.login_code(openid)  # WeChat knows who may pay
        member_id = enrolled_member(openid)
        with transaction():
            if points:
                posting.credit(member_id, points, reason=GIFT, reference="start")
            if principal or bonus:
                wallet.credit(member_id, principal, bonus, reason=ADJUSTMENT, reference="start")
        return member_id

    def claim(self, member_id: int, key: str | None = None, asked: Any = "") -> Claim:
        asks = fingerprint("POST", "/api/v1/purchases", repr(asked))
        return Claim(f"member:{member_id}", key or f"counter-{next(_keys)}", asks)

    def buys(self, member_id: int, key: str | None = None, **asked: Any) -> dict[str, Any]:
        """What the member is answered."""
        wanted = Asked(**asked)
        return placing.place(member_id, self.claim(member_id, key, wanted), wanted).body

    def redeems(
        self,
        member_id: int,
        points: int,
        cash_fen: int,
        delivery: dict[str, str] | None = None,
        **terms: Any,
    ) -> str:
        """An order that owes cash; its number."""
        values: dict[str, Any] = {"title": "蓝牙耳机", "fulfilment": "pickup", **terms}
        reward = catalogue.publish(
            RewardTerms(points=points, cash_fen=cash_fen, **values), [NewVariant(3)]
        )
        asked = {"reward_id": reward, "quantity": 1, "delivery": delivery}
        placed = place(placement(member_id, self.claim(member_id), asked))
        return str(placed.answer.body["order_no"])

    # ------------------------------------------------------------------ WeChat

    def is_paid(self, purchase_no: str) -> str:
        """The shopper pays, and the mall does not hear of it; the number of the notice."""
        return str(self.simulator.pay(purchase_no)["notice"]["notice_id"])

    def hears(self, *notice_ids: str) -> list[PaymentNotice]:
        """The mall receives these notices and applies them."""
        for notice_id in notice_ids:
            headers, body = self.simulator.notice(notice_id)
            told = pay().read_notification(headers, body)
            inbox.store(WECHAT_PAY, told.id, told.event_type, told.resource)
        draining.drain()
        return self.notices()

    def told(self, event_type: str) -> list[str]:
        """The numbers of the notices of a kind that WeChat would send."""
        found = self.simulator.look("notices", event_type=event_type)
        return [str(notice["notice_id"]) for notice in found]

    def waits_for(self, found: Callable[[], list[str]], count: int) -> list[str]:
        """What is found once there is so much of it: WeChat takes a moment for a refund."""
        deadline = time.monotonic() + 10
        while len(some := found()) < count:
            assert time.monotonic() < deadline, f"{some} and no more"
            time.sleep(0.02)
        return some

    # ------------------------------------------------------------------ the mall

    def works(self) -> None:
        """Do the work that is written down about cash."""
        while job := self._next_job():
            name, payload = job
            registered(name).handler(payload)

    def _next_job(self) -> tuple[str, dict[str, Any]] | None:
        with transaction() as session:
            query = sa.select(Job).where(Job.name.in_(JOBS), Job.state == "queued")
            found = session.scalars(query.order_by(Job.id)).first()
            if found is None:
                return None
            found.state, found.sweep_at = "done", None
            return found.name, dict(found.payload)

    def notices(self) -> list[PaymentNotice]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(PaymentNotice).order_by(PaymentNotice.id)))


def payment_of(purchase_no: str) -> WechatPayment:
    db.session.rollback()
    return db.session.scalars(sa.select(WechatPayment).filter_by(out_trade_no=purchase_no)).one()


def refunds_asked() -> list[WechatRefund]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(WechatRefund).order_by(WechatRefund.id)))


def order_status(order_no: str) -> str:
    db.session.rollback()
    query = sa.select(RedemptionOrder.status).filter_by(order_no=order_no)
    return str(db.session.scalars(query).one())
