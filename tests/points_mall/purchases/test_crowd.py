"""Payments, refunds and duplicates told by many at once, in any order, end as told once in order."""

import random
import threading
from collections.abc import Sequence

from flask import Flask

from points_mall.purchases import draining, inbox
from points_mall.purchases.facts import Paid, Refunded
from points_mall.purchases.inbox import Applied, Notice
from points_mall.purchases.recording import record_purchase, record_purchases
from points_mall.purchases.refunds import record_refund, record_refunds

from . import shop

THREADS = 6
Fact = Paid | Refunded


def test_a_crowd_that_tells_everything_in_any_order_ends_as_told_in_order(mall: Flask) -> None:
    members = shop.enrol(3, points=100, principal_fen=20_00)
    facts: list[Fact] = []
    for number in range(6):
        payment = paid_by(members[number % 3], number)
        facts += [payment, shop.refunded(payment, "1", 11_11), shop.refunded(payment, "2", 22_22)]

    told_by_a_crowd(mall, facts)

    assert shop.audited() == []
    for member in members:
        # Two purchases of 80.00 in money earned 80 each; 33.33 of 100.00 came back of each.
        assert shop.points_of(member) == (100 - 2 * 10 + 2 * (80 - 26) + 2 * 3, 0, 0)
        assert shop.growth_of(member) == (2 * (80_00 - 26_66), 2, 2 * (80 - 26))
    assert {refund.state for refund in shop.refunds()} == {"applied"}


def paid_by(member: int, number: int) -> Paid:
    """Of 100.00, 70.00 in cash, 10 points for 20.00, and 10.00 that was paid into the wallet."""
    purchase_no = shop.placed(member, 70_00, points=10, points_fen=20_00, wallet_fen=10_00)
    return shop.paid(purchase_no, 70_00)


def told_by_a_crowd(mall: Flask, facts: Sequence[Fact]) -> None:
    """Each thread tells every fact, in an order of its own."""
    ready = threading.Barrier(THREADS)
    failures: list[BaseException] = []

    def tell(seed: int) -> None:
        own = list(facts)
        random.Random(seed).shuffle(own)
        with mall.app_context():
            ready.wait()
            for fact in own:
                try:
                    record_purchase(fact) if isinstance(fact, Paid) else record_refund(fact)
                except BaseException as failure:
                    failures.append(failure)
                    raise

    together([threading.Thread(target=tell, args=(seed,)) for seed in range(THREADS)])
    assert failures == []


def test_drains_at_once_apply_every_notice_once(mall: Flask) -> None:
    members = shop.enrol(20)
    sales = [shop.sold(members[number % 20], 10_00, f"r-{number}") for number in range(300)]
    by_name = {fact.external_id: fact for fact in sales}
    refunds = {fact.external_id: shop.refunded(fact, "1", 3_00) for fact in sales}
    inbox._appliers.pop(("till", "CROWD.SALE"), None)
    inbox._appliers.pop(("till", "CROWD.REFUND"), None)

    @inbox.handler("till", "CROWD.SALE")
    def apply_sales(notices: Sequence[Notice]) -> list[Applied]:
        record_purchases([by_name[notice.resource["of"]] for notice in notices])
        return [Applied()] * len(notices)

    @inbox.handler("till", "CROWD.REFUND")
    def apply_refunds(notices: Sequence[Notice]) -> list[Applied]:
        record_refunds([refunds[notice.resource["of"]] for notice in notices])
        return [Applied()] * len(notices)

    told = [("till", f"s-{name}", "CROWD.SALE", {"of": name}) for name in by_name]
    told += [("till", f"f-{name}", "CROWD.REFUND", {"of": name}) for name in by_name]
    random.Random(5).shuffle(told)
    inbox.store_all(told)
    applied: list[int] = []

    def drain() -> None:
        with mall.app_context():
            applied.append(draining.drain())

    together([threading.Thread(target=drain) for _ in range(4)])
    draining.drain()

    assert sum(applied) == 600
    assert [shop.points_of(member) for member in members] == [(15 * 7, 0, 0)] * 20
    assert shop.audited() == []


def together(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
