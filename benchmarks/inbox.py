"""Notices of WeChat Pay: how soon they are answered while thousands wait, and how fast they drain."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask

from benchmarks import people, rounds
from benchmarks.load import Load, Order, Traffic
from benchmarks.shop import SETTINGS, Server, Shop, opened
from miniprogram_api.core import bulk
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db, transaction
from points_mall.earning import rule_book
from points_mall.earning.terms import Rate, Terms
from points_mall.ledger import audit as ledger_audit
from points_mall.purchases import audit, draining, inbox, writing
from points_mall.purchases.models import PaymentNotice
from points_mall.purchases.records import LineRecord, PurchaseRecord
from points_mall.purchases.states import WECHAT_PAY, NoticeState, PurchaseStatus, Purpose
from points_mall.purchases.wechat_models import PaymentStage, WechatPayment
from tests.services import wechat

WAITING = 10_000
MEMBERS = 2_000
RATE = 200.0
SECONDS = 10.0
WARM_SECONDS = 4.0
CONNECTIONS = 32
STEP = 500
FEN = 88_00
OPENID = "oBench"
ADDRESS = b"/wechat/pay/notifications"
_payments = cast(sa.Table, WechatPayment.__table__)


@dataclass(frozen=True)
class Notifications(Traffic):
    """Signed requests, each sent once as it is."""

    def requests(self) -> Iterator[bytes]:
        """The requests, one after the other."""
        return iter(self.heads)


def measured(database: str, server: Server) -> dict[str, Any]:
    """The time to answer at 200 a second, with nobody draining and with one drain; drain rates.

    :raises WrongAnswers: the answers, or what the database says afterwards, are wrong.
    """
    with wechat.running(SETTINGS["WX_APPID"], SETTINGS["WX_SECRET"]) as pay:
        keys = {name: str(value) for name, value in pay.pay_settings().items()}
        with _environment(keys), opened(database) as shop:
            rule_book.publish(Terms(Rate(1, 100)), now())
            numbers = _placed(people.gathered(MEMBERS, 0).regulars, WAITING)
            inbox.store_all(_payment_notices(numbers))
            people.analyse()
            figures = _answers(shop, server, pay)
            figures |= _drains(numbers)
            _prove(len(numbers))
    return figures


def _answers(shop: Shop, server: Server, pay: wechat.Simulator) -> dict[str, Any]:
    """Two rounds of genuine notifications of nothing that is ours: they wait with the others."""
    count = int(RATE * SECONDS) + CONNECTIONS
    kinds: dict[str, Traffic] = {
        kind: Notifications(_requests(pay, count), b"", 204, b"")
        for kind in ("warm", "idle", "busy")
    }
    figures: dict[str, Any] = {}
    with shop.serving(server) as serving:
        load = Load(serving.port, kinds)
        try:
            # Every thread opens its connection to the database with its first request.
            rounds.run(load, Order("warm", CONNECTIONS, WARM_SECONDS, RATE))
            figures["waiting"] = _stored()
            for kind, meanwhile in (
                ("idle", contextlib.nullcontext),
                ("busy", _draining(shop.app)),
            ):
                with meanwhile():
                    done = rounds.run(load, Order(kind, CONNECTIONS, SECONDS, RATE))
                figures[f"{kind}_per_second"] = round(done.per_second, 1)
                for share in (0.5, 0.99):
                    figures[f"{kind}_p{share * 100:.0f}_ms"] = round(done.latency(share) * 1000, 1)
        finally:
            load.stop()
    return figures


def _draining(app: Flask) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """A drain in a thread of this process, as long as the block lasts; one batch after another."""

    @contextlib.contextmanager
    def block() -> Iterator[None]:
        stopped = threading.Event()

        def work() -> None:
            with app.app_context():
                while not stopped.is_set() and draining.drain_batch():
                    pass

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    return block


def _drains(numbers: Sequence[str]) -> dict[str, Any]:
    """How many notices a second one drain applies: payments that are left, then their refunds."""
    figures = _drained("payments")
    told = _refund_notices(numbers)
    inbox.store_all(told[:STEP])
    draining.drain()
    people.analyse()  # a shop has had refunds before
    inbox.store_all(told[STEP:])
    return figures | _drained("refunds")


def _drained(what: str) -> dict[str, Any]:
    """Notices a second, and what each costs this process; the database's share is its own."""
    started, worked = time.perf_counter(), time.process_time()
    count = draining.drain()
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    return {
        f"{what}_drained": count,
        f"{what}_drained_per_second": round(count / seconds, 1),
        f"{what}_cpu_ms_each": round(cpu_seconds * 1000 / count, 3),
    }


def _stored() -> int:
    query = sa.select(sa.func.count()).select_from(PaymentNotice)
    count = db.session.scalar(query.filter_by(state=NoticeState.STORED)) or 0
    db.session.rollback()  # nothing is kept open while others are measured
    return count


def _prove(count: int) -> None:
    """Every payment and every refund is applied, and the audits find nothing."""
    db.session.rollback()
    query = sa.select(PaymentNotice.state, sa.func.count()).group_by(PaymentNotice.state)
    states: dict[str, int] = dict(db.session.execute(query).all())
    db.session.rollback()
    found = [str(one) for one in ledger_audit.findings(db.session())]
    db.session.rollback()
    found += [str(one) for one in audit.findings(db.session())]
    if states.get("applied") != 2 * count or states.keys() - {"applied", "ignored"} or found:
        raise rounds.WrongAnswers(f"{states}, {found[:3]}")


# ------------------------------------------------------------------ what is told


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    os.environ.update(more)
    try:
        yield
    finally:
        for name in more:
            del os.environ[name]


def _requests(pay: wechat.Simulator, count: int) -> list[bytes]:
    """Notifications that WeChat Pay has signed, as they come over the wire."""
    found = []
    for number in range(count):
        told = _paid(f"P-not-ours-{time.time_ns()}-{number}", number)
        headers, body = pay.notice_of("TRANSACTION.SUCCESS", told)
        lines = [b"POST %b HTTP/1.1" % ADDRESS, b"Host: bench"]
        lines += [f"{name}: {value}".encode() for name, value in headers.items()]
        lines.append(b"Content-Length: %d" % len(body))
        found.append(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    return found


def _payment_notices(numbers: Sequence[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (WECHAT_PAY, f"paid-{number}", "TRANSACTION.SUCCESS", _paid(number, place))
        for place, number in enumerate(numbers)
    ]


def _paid(number: str, place: int) -> dict[str, Any]:
    return {
        "appid": SETTINGS["WX_APPID"],
        "mchid": wechat.pay_keys().mchid,
        "out_trade_no": number,
        "transaction_id": f"42{place:010}",
        "trade_state": "SUCCESS",
        "success_time": in_shop_time(now()).isoformat(timespec="seconds"),
        "payer": {"openid": OPENID},
        "amount": {"total": FEN, "payer_total": FEN, "currency": "CNY"},
    }


def _refund_notices(numbers: Sequence[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (
            WECHAT_PAY,
            f"refunded-{number}",
            "REFUND.SUCCESS",
            {
                "mchid": wechat.pay_keys().mchid,
                "out_trade_no": number,
                "transaction_id": f"42{place:010}",
                "out_refund_no": f"{number}-1",
                "refund_id": f"50{place:010}",
                "refund_status": "SUCCESS",
                "success_time": in_shop_time(now()).isoformat(timespec="seconds"),
                "amount": {"total": FEN, "refund": 30_00, "currency": "CNY"},
            },
        )
        for place, number in enumerate(numbers)
    ]


def _placed(members: Sequence[int], count: int) -> list[str]:
    """Purchases of those members that wait to be paid, with a payment asked of WeChat for each."""
    numbers = [f"P{number:020d}" for number in range(count)]
    for start in range(0, count, STEP):
        some = [
            _purchase(number, members[(start + place) % len(members)])
            for place, number in enumerate(numbers[start : start + STEP])
        ]
        with transaction() as session:
            writing.write_purchases(session, some)
            bulk.insert(session, _payments, [_payment(purchase) for purchase in some])
    return numbers


def _purchase(number: str, member_id: int) -> PurchaseRecord:
    return PurchaseRecord(
        purchase_no=number,
        source=WECHAT_PAY,
        external_id=number,
        member_id=member_id,
        status=PurchaseStatus.AWAITING_PAYMENT,
        purpose=Purpose.SALE,
        subject=None,
        title="Bench",
        store=None,
        gross_fen=FEN,
        discount_fen=0,
        total_fen=FEN,
        cash_fen=FEN,
        placed_at=now(),
        lines=[LineRecord(1, None, "Bench", "general", 1, FEN, FEN)],
    )


def _payment(purchase: PurchaseRecord) -> dict[str, Any]:
    return {
        "out_trade_no": purchase.purchase_no,
        "purchase_id": purchase.id,
        "member_id": purchase.member_id,
        "openid": OPENID,
        "amount_fen": purchase.cash_fen,
        "state": PaymentStage.OPEN.value,
        "asked_at": purchase.placed_at,
        "expires_at": purchase.placed_at,
        "check_at": purchase.placed_at,
    }
