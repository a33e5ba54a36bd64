"""`flask purchases refund | refunds | reconcile`."""

import json
from datetime import timedelta

import pytest

from miniprogram_api.core.clock import clock, now
from points_mall.purchases import cash_cli as _cash_cli  # noqa: F401 - adds its commands
from points_mall.purchases.bills import Item
from points_mall.purchases.cli import purchases_cli
from tests.services.wechat import Simulator

from .counter import Counter, refunds_asked
from .shop import moved, purchase_with, refunds

LATTE = (Item("latte"),)


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return simulator.pay_settings()


@pytest.fixture
def purchase_no(counter: Counter) -> str:
    """A coffee and a shirt, paid."""
    li = counter.shopper()
    number = str(counter.buys(li, items=(Item("latte"), Item("tee")))["purchase_no"])
    counter.hears(counter.is_paid(number))
    return number


def run(counter: Counter, *words: str) -> tuple[int, str]:
    done = counter.app.test_cli_runner().invoke(purchases_cli, list(words))
    return done.exit_code, done.output


def test_a_refund_is_tried_and_then_asked_for(counter: Counter, purchase_no: str) -> None:
    before = moved()
    words = ["refund", purchase_no, "--line", "2:9900", "--reason", "尺码不合", "--json"]
    code, told = run(counter, *words, "--dry-run")
    assert (code, json.loads(told)["outcome"]) == (0, "dry_run")
    assert refunds() == []
    code, told = run(counter, *words)
    assert code == 0
    assert json.loads(told) == {
        "outcome": "waiting",
        "refund_no": refunds()[0].refund_no,
        "purchase_no": purchase_no,
        "value_fen": 9900,
        "cash_fen": 9900,
        "points_taken_back": 98,
        "points_returned": 0,
        "wallet_returned_fen": 0,
        "cashback_taken_back_fen": 0,
    }
    assert moved() == before
    assert refunds()[0].actor.startswith("cli:")
    code, told = run(counter, "refunds", "--state", "asked", "--json")
    [one] = json.loads(told)
    assert (one["out_refund_no"], one["refund_fen"]) == (f"{purchase_no}-1", 9900)
    assert f"{purchase_no}-1  asked  9900" in run(counter, "refunds")[1]


def test_people_are_told_what_it_moves(counter: Counter, purchase_no: str) -> None:
    code, told = run(counter, "refund", purchase_no, "--all", "--reason", "x", "--reference", "t7")
    assert code == 0
    assert "asked of WeChat" in told
    assert "points_taken_back  120" in told
    again = run(counter, "refund", purchase_no, "--all", "--reason", "x", "--reference", "t7")
    assert "asked for before" in again[1]
    assert len(refunds_asked()) == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["--all", "--amount-fen", "1"], 2),
        (["--amount-fen", "0"], 2),
        (["--line", "2"], 2),
        (["--line", "2:x"], 2),
        (["--line", "2:1", "--line", "2:1"], 2),
        (["--amount-fen", "12091"], 1),
        (["--line", "3:1"], 1),
    ],
)
def test_what_cannot_be_refunded_is_refused(
    counter: Counter, purchase_no: str, words: list[str], code: int
) -> None:
    before = moved()
    assert run(counter, "refund", purchase_no, "--reason", "x", *words)[0] == code
    assert (refunds(), refunds_asked(), moved()) == ([], [], before)


def test_reconciling_by_hand_tells_how_much_was_settled(counter: Counter) -> None:
    li = counter.shopper()
    number = str(counter.buys(li, items=LATTE)["purchase_no"])
    clock.advance(timedelta(minutes=15))
    counter.simulator.set_clock(now())
    assert run(counter, "reconcile") == (0, "1 settled\n")
    assert purchase_with(number).status == "closed"
