"""Paying earns points, whatever happens to the messages: every step over real HTTP, both ways.

The mall listens on a port of its own and speaks to a WeChat that signs, encrypts and notifies like
the real one; a thread does the mall's work behind the counter.
"""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job
from miniprogram_api.jobs.registry import registered
from points_mall.catalogue import goods
from points_mall.catalogue import services as catalogue
from points_mall.catalogue.goods import Goods
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.coupons import audit as coupon_audit
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind, Policy, Restore, Stacking
from points_mall.coupons.validity import Span, Validity
from points_mall.ledger import audit as ledger_audit
from points_mall.purchases import audit as purchase_audit
from points_mall.purchases.refunding import refund_purchase
from points_mall.wallet import audit as wallet_audit
from points_mall.wallet import plans
from tests.points_mall.purchases.shop import open_shop
from tests.services.demo import eventually
from tests.services.wechat import Simulator, serving

WITHIN_SECONDS = 15
GOODS = (
    Goods("latte", "拿铁", "coffee", 2190),
    Goods("tee", "纯棉T恤", "clothing", 9900),
    Goods("beans", "咖啡豆", "coffee", 6800),
)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {**simulator.pay_settings(), "WX_OPEN_BASE": simulator.url, "CLAIM_BURST": 0}


@dataclass
class Backstage:
    """Does the work that is written down, as a worker does."""

    app: Flask
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with self.app.app_context():
            while not self.stopping.wait(0.02):
                while self._does_one():
                    pass
                db.session.remove()

    def _does_one(self) -> bool:
        with transaction() as session:
            query = sa.select(Job).where(Job.name.startswith("purchases."), Job.state == "queued")
            job = session.scalars(query.order_by(Job.id)).first()
            if job is None:
                return False
            job.state, job.sweep_at = "done", None
            name, payload = job.name, dict(job.payload)
        registered(name).handler(payload)
        return True


@dataclass
class Mall:
    """The mall as its shoppers and WeChat reach it."""

    app: Flask
    url: str
    wechat: Simulator


@pytest.fixture
def mall(app: Flask, simulator: Simulator) -> Iterator[Mall]:
    open_shop()
    goods.load(GOODS)
    db.session.remove()
    backstage = Backstage(app)
    thread = threading.Thread(target=backstage.run)
    with serving(simulator, app) as url:
        thread.start()
        yield Mall(app, url, simulator)
        backstage.stopping.set()
        thread.join()
    assert audited() == []


def audited() -> list[str]:
    """What the proofs of points, wallets, coupons and purchases find: nothing, hopefully."""
    db.session.rollback()
    found = [*ledger_audit.findings(db.session()), *wallet_audit.findings(db.session())]
    found += coupon_audit.findings()
    return [str(one) for one in (*found, *purchase_audit.findings(db.session()))]


class Shopper:
    """A mini-program in somebody's hand."""

    def __init__(self, mall: Mall, openid: str) -> None:
        self.mall, self.openid = mall, openid
        code = mall.wechat.login_code(openid)
        answer = requests.post(f"{mall.url}/api/v1/sessions", json={"code": code}, timeout=10)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def post(self, path: str, key: str = "", **body: Any) -> requests.Response:
        headers = self.headers | {"Idempotency-Key": key or uuid.uuid4().hex}
        url = f"{self.mall.url}/api/v1{path}"
        return requests.post(url, json=body or None, headers=headers, timeout=15)

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.mall.url}/api/v1{path}", headers=self.headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def buys(self, **asked: Any) -> dict[str, Any]:
        answer = self.post("/purchases", **asked)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def pays(self, placed: dict[str, Any], **more: Any) -> str:
        """What `wx.requestPayment` does, signature and all; the number of WeChat's notice."""
        paid = self.mall.wechat.control("payments", **placed["payment"], **more)
        return str(paid["notice"]["notice_id"]) if paid["notice"] else ""

    def points(self) -> tuple[int, int, int]:
        """Available, held, debt."""
        told = self.get("/points")
        return told["available"], told["held"], told["debt"]

    def sees(self, purchase_no: str, **expected: Any) -> dict[str, Any]:
        """The purchase, once it shows what is expected."""
        told: dict[str, Any] = {}

        def shows() -> bool:
            told.update(self.get(f"/purchases/{purchase_no}"))
            return all(told[name] == value for name, value in expected.items())

        assert eventually(shows, WITHIN_SECONDS), told
        return told


def test_a_payment_is_quoted_placed_paid_and_earns(mall: Mall) -> None:
    li = Shopper(mall, "o-li")
    quote = li.post("/purchases/quotes", items=[{"sku": "latte"}, {"sku": "tee"}]).json()
    assert (quote["payable_fen"], quote["points_to_earn"]) == (12090, 120)
    placed = li.buys(items=[{"sku": "latte"}, {"sku": "tee"}])
    assert placed["status"] == "awaiting_payment"
    assert placed["explanation"] == quote["explanation"]
    li.pays(placed)
    told = li.sees(placed["purchase_no"], status="paid")
    assert told["points_earned"] == 120
    assert told["explanation"]["earned"]["points"] == 120
    assert [line["sku"] for line in told["lines"]] == ["latte", "tee"]
    assert li.points() == (120, 0, 0)
    assert li.get("/purchases")["items"][0]["purchase_no"] == placed["purchase_no"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(mall: Mall) -> None:
    li = Shopper(mall, "o-li")
    first = li.post("/purchases", "one-intention", amount_fen=3000)
    again = li.post("/purchases", "one-intention", amount_fen=3000)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = li.post("/purchases", "one-intention", amount_fen=3001)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert requests.post(f"{mall.url}/api/v1/purchases", json={}, timeout=10).status_code == 401


def test_one_line_of_three_comes_back_then_the_rest(mall: Mall) -> None:
    li = Shopper(mall, "o-li")
    placed = li.buys(items=[{"sku": "latte"}, {"sku": "tee"}, {"sku": "beans", "quantity": 2}])
    purchase_no = placed["purchase_no"]
    li.pays(placed)
    assert li.sees(purchase_no, status="paid")["points_earned"] == 256
    refund_purchase(purchase_no, lines={2: 9900}, reason="尺码不合", actor="cli")
    told = li.sees(purchase_no, refunded_fen=9900)
    assert [line["refunded_fen"] for line in told["lines"]] == [0, 9900, 0]
    assert (told["refunds"][0]["points_taken_back"], li.points()) == (98, (158, 0, 0))
    mall.wechat.control("pay", refund_pause_seconds=0)
    refund_purchase(purchase_no, reason="不想要了", actor="cli")
    told = li.sees(purchase_no, refunded_fen=25690)
    assert [refund["refund_fen"] for refund in told["refunds"]] == [9900, 15790]
    assert [refund["cash_state"] for refund in told["refunds"]] == ["success", "success"]
    assert li.points() == (0, 0, 0)


def test_points_that_were_spent_before_the_refund_are_owed_and_repaid(mall: Mall) -> None:
    bag = catalogue.publish(
        RewardTerms(title="帆布袋", points=90, fulfilment="pickup"), [NewVariant(5)]
    )
    db.session.remove()
    li = Shopper(mall, "o-li")
    placed = li.buys(items=[{"sku": "tee"}])
    li.pays(placed)
    li.sees(placed["purchase_no"], status="paid")
    assert li.post("/redemptions", reward_id=str(bag)).status_code == 201
    assert li.points() == (9, 0, 0)
    mall.wechat.control("refunds", out_trade_no=placed["purchase_no"])
    li.sees(placed["purchase_no"], refunded_fen=9900)
    assert li.points() == (0, 0, 90)
    another = li.buys(amount_fen=10000)
    li.pays(another)
    li.sees(another["purchase_no"], status="paid")
    assert li.points() == (10, 0, 0)


def test_a_refund_may_come_before_its_payment(mall: Mall) -> None:
    li = Shopper(mall, "o-li")
    placed = li.buys(items=[{"sku": "latte"}])
    mall.wechat.control("notices/hold", hold=True)
    payment = li.pays(placed)
    mall.wechat.control("refunds", out_trade_no=placed["purchase_no"], amount_fen=1095)
    assert eventually(lambda: len(mall.wechat.look("notices")) == 2, WITHIN_SECONDS)
    [refund] = [
        one["notice_id"]
        for one in mall.wechat.look("notices")
        if one["event_type"] == "REFUND.SUCCESS"
    ]
    mall.wechat.control("notices/release", ids=[refund])
    assert eventually(lambda: mall.wechat.look("notices", state="held") != [], WITHIN_SECONDS)
    assert li.get(f"/purchases/{placed['purchase_no']}")["status"] == "awaiting_payment"
    mall.wechat.control("notices/release", ids=[payment])
    told = li.sees(placed["purchase_no"], status="paid", refunded_fen=1095)
    assert (told["points_earned"], li.points()) == (21, (11, 0, 0))


def test_ten_copies_of_a_notice_are_one_payment(mall: Mall) -> None:
    li = Shopper(mall, "o-li")
    placed = li.buys(items=[{"sku": "latte"}])
    notice = li.pays(placed)
    for _ in range(10):
        sent = mall.wechat.control(f"notices/{notice}/send")
    assert sent["answers"] == ["204"] * 11
    li.sees(placed["purchase_no"], status="paid")
    assert li.points() == (21, 0, 0)
    assert [entry["points"] for entry in li.get("/points/entries")["items"]] == [21]


def test_points_and_wallet_pay_a_part_and_come_back_with_the_refund(mall: Mall) -> None:
    plans.put_plan("hundred", title="充100送10", pay_fen=10000, bonus_fen=1000)
    db.session.remove()
    li = Shopper(mall, "o-li")
    top_up = li.buys(plan="hundred")
    li.pays(top_up)
    li.sees(top_up["purchase_no"], status="paid")
    assert li.get("/wallet")["balance_fen"] == 11000
    earning = li.buys(items=[{"sku": "tee"}])
    li.pays(earning)
    li.sees(earning["purchase_no"], status="paid")
    assert li.points() == (99, 0, 0)
    placed = li.buys(items=[{"sku": "tee"}], use_points=True, use_wallet=5000)
    assert (placed["points_used"], placed["wallet_fen"], placed["payable_fen"]) == (99, 5000, 4801)
    assert li.points() == (0, 99, 0)
    li.pays(placed)
    told = li.sees(placed["purchase_no"], status="paid")
    assert told["points_earned"] == 88  # 48.01 in cash and 40.00 of what was paid in
    mall.wechat.control("refunds", out_trade_no=placed["purchase_no"])
    li.sees(placed["purchase_no"], refunded_fen=9900)
    assert li.points() == (99, 0, 0)
    assert li.get("/wallet")["balance_fen"] == 11000


def test_a_reward_for_points_and_cash_is_ready_once_it_is_paid(mall: Mall) -> None:
    headphones = catalogue.publish(
        RewardTerms(title="蓝牙耳机", points=90, cash_fen=9900, fulfilment="pickup"),
        [NewVariant(2)],
    )
    db.session.remove()
    li = Shopper(mall, "o-li")
    earning = li.buys(items=[{"sku": "tee"}])
    li.pays(earning)
    li.sees(earning["purchase_no"], status="paid")
    order = li.post("/redemptions", reward_id=str(headphones)).json()
    assert (order["status"], li.points()) == ("awaiting_payment", (9, 90, 0))
    placed = li.buys(order_no=order["order_no"])
    li.pays(placed)
    li.sees(placed["purchase_no"], status="paid")
    assert li.get(f"/redemptions/{order['order_no']}")["status"] == "ready"
    assert li.points() == (9, 0, 0)
    cancelled = li.post(f"/redemptions/{order['order_no']}/cancel")
    assert cancelled.json()["points_available"] == 99
    li.sees(placed["purchase_no"], refunded_fen=9900)


def test_a_coupon_is_claimed_quoted_used_and_comes_back_with_the_refund(mall: Mall) -> None:
    terms = CouponTerms(
        Kind.AMOUNT_OFF,
        Validity(Span.DAYS, days=30),
        amount_fen=1000,
        threshold_fen=5000,
        points_price=60,
        stacking=Stacking(with_others=True),
        restore=Restore(Policy.WHOLE),
    )
    publish(Draft("tenoff", "满50减10", "¥10 off from ¥50", terms), actor="test")
    db.session.remove()
    li, mei = Shopper(mall, "o-li"), Shopper(mall, "o-mei")
    earning = li.buys(items=[{"sku": "tee"}])
    li.pays(earning)
    li.sees(earning["purchase_no"], status="paid")
    claimed = li.post("/coupon-templates/tenoff/exchanges")
    assert (claimed.status_code, li.points()) == (201, (39, 0, 0))
    [code] = claimed.json()["codes"]

    wanted: dict[str, Any] = {"items": [{"sku": "tee"}], "coupons": "best", "use_points": True}
    quote = li.post("/purchases/quotes", **wanted).json()
    assert (quote["discount_fen"], quote["points_fen"], quote["payable_fen"]) == (1000, 39, 8861)
    assert quote["best_coupons"] == [code]
    [offered] = quote["coupons"]
    assert (offered["code"], offered["usable"], offered["takes_fen"]) == (code, True, 1000)
    stolen = mei.post("/purchases", items=[{"sku": "tee"}], coupons=[code])
    assert (stolen.status_code, stolen.json()["code"]) == (404, "no_such_coupon")

    placed = li.buys(**wanted)
    assert placed["explanation"] == quote["explanation"]
    [mine] = li.get("/coupons?state=locked")["items"]
    assert mine["code"] == code
    again = li.post("/purchases", items=[{"sku": "tee"}], coupons=[code])
    assert (again.status_code, again.json()["code"]) == (409, "coupon_not_usable")
    assert (again.json()["coupon"], again.json()["reason"]) == (code, "locked")
    li.pays(placed)
    told = li.sees(placed["purchase_no"], status="paid", points_earned=88)
    assert told["lines"][0]["payable_fen"] == 8900
    refund_purchase(placed["purchase_no"], amount_fen=4450, reason="少发一件", actor="cli")
    li.sees(placed["purchase_no"], refunded_fen=4450)
    assert li.get("/coupons?state=unused")["items"] == []
    refund_purchase(placed["purchase_no"], reason="不想要了", actor="cli")
    li.sees(placed["purchase_no"], refunded_fen=8900)
    assert [one["code"] for one in li.get("/coupons?state=unused")["items"]] == [code]
    assert li.points() == (39, 0, 0)
    assert li.post("/purchases/quotes", items=[{"sku": "tee"}]).json()["best_coupons"] == [code]


def test_a_purchase_can_be_let_be_or_paid_later(mall: Mall) -> None:
    li, mei = Shopper(mall, "o-li"), Shopper(mall, "o-mei")
    let_be, later = li.buys(amount_fen=1000), li.buys(amount_fen=2000)
    path = f"/purchases/{let_be['purchase_no']}/cancel"
    assert mei.post(path).json()["code"] == "no_such_purchase"
    assert li.post(path, "let-it-be").json()["close_reason"] == "member"
    assert li.post(path, "let-it-be").headers["Idempotency-Replayed"] == "true"
    assert li.post(path).json()["code"] == "purchase_step_not_allowed"
    fresh = li.post(f"/purchases/{later['purchase_no']}/payments")
    assert fresh.status_code == 200
    li.pays(fresh.json())
    li.sees(later["purchase_no"], status="paid", points_earned=20)


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({}, 422, "unclear_purchase"),
        ({"amount_fen": 100, "plan": "hundred"}, 422, "unclear_purchase"),
        ({"amount_fen": 0}, 422, "validation_failed"),
        ({"amount_fen": -100}, 422, "validation_failed"),
        ({"amount_fen": 1.5}, 422, "validation_failed"),
        ({"amount_fen": 10**18}, 422, "validation_failed"),
        ({"amount_fen": 100, "use_points": -1}, 422, "validation_failed"),
        ({"amount_fen": 100, "use_points": "all"}, 422, "validation_failed"),
        ({"amount_fen": 100, "price": 1}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": "all"}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": None}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": [1]}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": ["1"]}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": ["8" * 18] * 21}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": ["８" * 18]}, 422, "validation_failed"),
        ({"amount_fen": 100, "coupons": ["8" * 18]}, 404, "no_such_coupon"),
        ({"items": []}, 422, "validation_failed"),
        ({"items": [{"sku": "latte", "quantity": 0}]}, 422, "validation_failed"),
        ({"items": [{"sku": "latte", "price_fen": 1}]}, 422, "validation_failed"),
        ({"items": [{"sku": "latte"}, {"sku": "latte"}]}, 422, "unclear_purchase"),
        ({"items": [{"sku": "no-such-thing"}]}, 404, "no_such_product"),
        ({"order_no": "R00000000"}, 404, "no_such_order"),
        ({"plan": "no-such-plan"}, 404, "no_such_wallet_plan"),
    ],
)
def test_what_cannot_be_asked_is_refused_as_documented(
    mall: Mall, asked: dict[str, Any], status: int, code: str
) -> None:
    li = Shopper(mall, "o-li")
    answer = li.post("/purchases", **asked) if asked else li.post("/purchases", store="x")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert li.get("/purchases")["items"] == []
    assert mall.wechat.look("orders") == []
