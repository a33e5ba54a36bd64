"""Many threads at one wallet: nothing is spent twice, nothing is lost, and the audit agrees."""

import threading
from collections import Counter
from collections.abc import Callable

from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.wallet import posting
from points_mall.wallet.movements import Credit, Debit, Movement, Restore, Reverse, WalletPosted
from points_mall.wallet.reasons import CASHBACK, PURCHASE, TOP_UP

from .conftest import START, enrol, figures, post_one

CROWD = 24


def storm(app: Flask, groups: list[list[Movement]]) -> Counter[str]:
    """Every group is posted by a thread of its own, all at one moment; the answers, counted."""
    answers: list[str] = []
    start = threading.Barrier(len(groups))
    db.session.remove()

    @retrying
    def post(group: list[Movement]) -> list[str]:
        with transaction():
            return [_told(answer) for answer in posting.post(group)]

    def run(group: list[Movement]) -> None:
        with app.app_context():
            start.wait()
            answers.extend(post(group))

    crowd = [threading.Thread(target=_bound(run, group)) for group in groups]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return Counter(answers)


def _bound(run: Callable[[list[Movement]], None], group: list[Movement]) -> Callable[[], None]:
    return lambda: run(group)


def _told(answer: WalletPosted | DomainError) -> str:
    if isinstance(answer, DomainError):
        return answer.code
    return "repeated" if answer.repeated else "moved"


def test_a_wallet_pays_what_it_has_and_no_more(app: Flask) -> None:
    clock.set(START)
    (member,) = enrol(1)
    post_one(Credit(member, 60, 40, TOP_UP, "t"))
    answers = storm(app, [[Debit(member, 10, PURCHASE, f"p{n}")] for n in range(CROWD)])
    assert answers == {"moved": 10, "insufficient_balance": CROWD - 10}
    assert figures(member) == (0, 0, 0)


def test_one_cause_counts_once_however_often_it_arrives_at_once(app: Flask) -> None:
    clock.set(START)
    (member,) = enrol(1)
    credit: list[Movement] = [Credit(member, 60, 40, TOP_UP, "t")]  # nobody has a wallet yet
    assert storm(app, [credit] * CROWD) == {"moved": 1, "repeated": CROWD - 1}
    debit: list[Movement] = [Debit(member, 70, PURCHASE, "p")]
    assert storm(app, [debit] * CROWD) == {"moved": 1, "repeated": CROWD - 1}
    back: list[Movement] = [Restore(member, PURCHASE, "p", "r", 1, 2)]
    assert storm(app, [back] * CROWD) == {"moved": 1, "repeated": CROWD - 1}
    taken: list[Movement] = [Reverse(member, TOP_UP, "t", 1, 1, "r")]
    assert storm(app, [taken] * CROWD) == {"moved": 1, "repeated": CROWD - 1}
    assert figures(member) == (0, 0, 35)


def test_groups_that_name_the_same_wallets_in_opposite_order_all_get_through(app: Flask) -> None:
    clock.set(START)
    one, two = enrol(2)
    groups: list[list[Movement]] = []
    for number in range(CROWD):
        first, second = (one, two) if number % 2 else (two, one)
        groups.append([
            Credit(first, 3, 0, CASHBACK, f"c{number}"),
            Debit(first, 1, PURCHASE, f"p{number}"),
            Credit(second, 0, 2, CASHBACK, f"d{number}"),
        ])  # fmt: skip
    assert storm(app, groups) == {"moved": 3 * CROWD}
    assert sum(figures(one)) == sum(figures(two)) == CROWD // 2 * (2 + 2)
