"""The verbs of the wallet: what they move, what they refuse, and that a repeat moves nothing."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.wallet import posting
from points_mall.wallet.errors import InsufficientBalance, NoSuchWalletEntry
from points_mall.wallet.models import WalletAccount, WalletEntry
from points_mall.wallet.movements import Credit, Debit, Part, Restore, Reverse, WalletPosted
from points_mall.wallet.reasons import CASHBACK, PURCHASE, TOP_UP

from .conftest import START, contents, enrol, figures, post, post_one, refusal_of


def topped_up(member: int, principal_fen: int = 100_00, bonus_fen: int = 20_00) -> None:
    post_one(Credit(member, principal_fen, bonus_fen, TOP_UP, "t"))


def refunded(member: int, fen: int, by: str) -> WalletPosted:
    """So much in all of a purchase of 100 yuan was refunded."""
    return post_one(Restore(member, PURCHASE, "p", by, fen, 100_00))


# ------------------------------------------------------------------ giving and taking


def test_a_top_up_keeps_what_was_paid_and_what_was_given_apart(member: int) -> None:
    posted = post_one(Credit(member, 100_00, 20_00, TOP_UP, "t"))
    assert posted == WalletPosted(100_00, 20_00, 100_00, 20_00, 0)
    assert posted.amount_fen == 120_00
    assert figures(member) == (100_00, 20_00, 0)


def test_paying_takes_the_bonus_first(member: int) -> None:
    topped_up(member)
    assert post_one(Debit(member, 15_00, PURCHASE, "a")) == WalletPosted(0, -15_00, 100_00, 5_00, 0)
    assert post_one(Debit(member, 15_00, PURCHASE, "b")) == WalletPosted(-10_00, -5_00, 90_00, 0, 0)
    assert figures(member) == (90_00, 0, 0)


def test_a_debit_of_one_part_leaves_the_other_alone(member: int) -> None:
    topped_up(member)
    posted = post_one(Debit(member, 30_00, PURCHASE, "a", only=Part.PRINCIPAL))
    assert posted == WalletPosted(-30_00, 0, 70_00, 20_00, 0)
    assert refusal_of(Debit(member, 20_01, PURCHASE, "b", only=Part.BONUS)) == (
        "insufficient_balance"
    )
    assert figures(member) == (70_00, 20_00, 0)


def test_more_than_there_is_cannot_be_paid_and_the_numbers_say_so(member: int) -> None:
    topped_up(member)
    before = contents()
    with pytest.raises(InsufficientBalance) as refused, transaction():
        posting.debit(member, 120_01, reason=PURCHASE, reference="a")
    assert refused.value.numbers == {"required_fen": 120_01, "available_fen": 120_00}
    assert contents() == before


@pytest.mark.parametrize(
    "nonsense",
    [
        {"principal_fen": 0, "bonus_fen": 0},
        {"principal_fen": -1, "bonus_fen": 5},
        {"principal_fen": 5, "bonus_fen": -1},
        {"principal_fen": 10**12, "bonus_fen": 1},
    ],
)
def test_a_credit_of_nothing_less_or_too_much_is_refused(
    member: int, nonsense: dict[str, Any]
) -> None:
    topped_up(member)
    credit = Credit(member, **nonsense, reason=CASHBACK, reference="c")
    assert refusal_of(credit) == "bad_wallet_movement"
    assert figures(member) == (100_00, 20_00, 0)


@pytest.mark.parametrize("amount_fen", [0, -5, 10**12 + 1])
def test_a_debit_of_nothing_less_or_too_much_is_refused(member: int, amount_fen: int) -> None:
    topped_up(member)
    assert refusal_of(Debit(member, amount_fen, PURCHASE, "a")) == "bad_wallet_movement"


def test_a_repeat_answers_with_the_first_entry_and_moves_nothing(member: int) -> None:
    topped_up(member)
    first = post_one(Debit(member, 30_00, PURCHASE, "a"))
    post_one(Debit(member, 5_00, PURCHASE, "b"))
    before = contents()
    again = post_one(Debit(member, 99_00, PURCHASE, "a"))
    assert again == WalletPosted(-10_00, -20_00, 90_00, 0, 0, repeated=True)
    assert (first.principal_fen, first.bonus_fen) == (again.principal_fen, again.bonus_fen)
    assert post_one(Credit(member, 1, 1, TOP_UP, "t")).repeated
    assert contents() == before


# ------------------------------------------------------------------ taking back what was given


def test_a_refunded_top_up_takes_back_its_share_of_both_parts(member: int) -> None:
    topped_up(member)
    half = post_one(Reverse(member, TOP_UP, "t", 50_00, 100_00, "r1"))
    assert half == WalletPosted(-50_00, -10_00, 50_00, 10_00, 0)
    rest = post_one(Reverse(member, TOP_UP, "t", 100_00, 100_00, "r2"))
    assert rest == WalletPosted(-50_00, -10_00, 0, 0, 0)
    assert figures(member) == (0, 0, 0)


def test_partial_refunds_take_back_exactly_what_was_given(member: int) -> None:
    post_one(Credit(member, 0, 7, CASHBACK, "c"))
    taken = [
        post_one(Reverse(member, CASHBACK, "c", so_far, 21_90, f"r{so_far}")).bonus_fen
        for so_far in (5_00, 9_00, 9_01, 21_90)
    ]
    assert taken == [-1, -1, 0, -5]
    assert figures(member) == (0, 0, 0)


def test_refunds_that_arrive_in_another_order_end_the_same(member: int) -> None:
    post_one(Credit(member, 0, 7, CASHBACK, "c"))
    assert post_one(Reverse(member, CASHBACK, "c", 15_00, 21_90, "late")).bonus_fen == -4
    quiet = post_one(Reverse(member, CASHBACK, "c", 5_00, 21_90, "early"))
    assert quiet == WalletPosted(0, 0, 0, 3, 0)
    assert post_one(Reverse(member, CASHBACK, "c", 15_00, 21_90, "late")).repeated
    assert figures(member) == (0, 3, 0)


def test_what_was_spent_already_becomes_debt_that_the_next_credit_repays(member: int) -> None:
    topped_up(member)
    post_one(Debit(member, 50_00, PURCHASE, "a"))
    taken = post_one(Reverse(member, TOP_UP, "t", 1, 1, "r"))
    assert taken == WalletPosted(-100_00, -20_00, 0, 0, 50_00)
    assert figures(member) == (0, 0, 50_00)
    assert refusal_of(Debit(member, 1, PURCHASE, "b")) == "insufficient_balance"
    assert post_one(Credit(member, 0, 20_00, CASHBACK, "c")).debt_fen == 30_00
    assert post_one(Credit(member, 100_00, 10_00, TOP_UP, "t2")) == WalletPosted(
        100_00, 10_00, 80_00, 0, 0
    )
    assert figures(member) == (80_00, 0, 0)


def test_a_bonus_that_was_spent_is_taken_from_what_else_there_is(member: int) -> None:
    topped_up(member)
    post_one(Credit(member, 0, 5_00, CASHBACK, "c"))
    post_one(Debit(member, 25_00, PURCHASE, "a"))
    post_one(Reverse(member, CASHBACK, "c", 1, 1, "r"))
    assert figures(member) == (95_00, 0, 0)


def test_what_was_never_given_cannot_be_taken_back(member: int) -> None:
    topped_up(member)
    post_one(Debit(member, 1_00, PURCHASE, "a"))
    assert refusal_of(Reverse(member, TOP_UP, "other", 1, 1, "r")) == "no_such_wallet_entry"
    assert refusal_of(Reverse(member, PURCHASE, "a", 1, 1, "r")) == "no_such_wallet_entry"
    with pytest.raises(NoSuchWalletEntry), transaction():
        posting.reverse(member, reason=CASHBACK, reference="t", refunded=1, paid=1, by="r")
    assert figures(member) == (100_00, 19_00, 0)


@pytest.mark.parametrize(("refunded", "paid"), [(2, 1), (-1, 1), (0, 0), (1, 0), (1, -1)])
def test_a_refund_above_its_payment_is_refused(member: int, refunded: int, paid: int) -> None:
    topped_up(member)
    post_one(Debit(member, 1_00, PURCHASE, "p"))
    assert refusal_of(Reverse(member, TOP_UP, "t", refunded, paid, "r")) == "bad_wallet_movement"
    assert refusal_of(Restore(member, PURCHASE, "p", "r", refunded, paid)) == "bad_wallet_movement"


def test_one_refund_cannot_take_back_two_things_under_one_name(member: int) -> None:
    topped_up(member)
    post_one(Credit(member, 0, 5_00, CASHBACK, "c"))
    post_one(Reverse(member, CASHBACK, "c", 1, 1, "r"))
    assert refusal_of(Reverse(member, TOP_UP, "t", 1, 1, "r")) == "bad_wallet_movement"
    assert figures(member) == (100_00, 20_00, 0)


# ------------------------------------------------------------------ giving back what was taken


def test_a_refund_gives_back_what_was_taken_last_first(member: int) -> None:
    """So the part that stays bought is paid as if only that had been bought: bonus first."""
    topped_up(member)
    post_one(Debit(member, 100_00, PURCHASE, "p"))
    assert figures(member) == (20_00, 0, 0)
    assert refunded(member, 30_00, "r1") == WalletPosted(30_00, 0, 50_00, 0, 0)
    assert refunded(member, 90_00, "r2") == WalletPosted(50_00, 10_00, 100_00, 10_00, 0)
    assert refunded(member, 100_00, "r3") == WalletPosted(0, 10_00, 100_00, 20_00, 0)
    assert figures(member) == (100_00, 20_00, 0)


def test_shares_of_a_refund_are_rounded_once_and_add_up(member: int) -> None:
    topped_up(member, 7, 3)
    post_one(Debit(member, 10, PURCHASE, "p"))
    back = [
        post_one(Restore(member, PURCHASE, "p", f"r{so_far}", so_far, 30)).amount_fen
        for so_far in (1, 2, 3, 17, 29, 30)
    ]
    assert back == [0, 0, 1, 4, 4, 1]
    assert figures(member) == (7, 3, 0)


def test_a_late_and_a_repeated_refund_give_nothing_more(member: int) -> None:
    topped_up(member)
    post_one(Debit(member, 100_00, PURCHASE, "p"))
    refunded(member, 60_00, "late")
    before = contents()
    assert refunded(member, 10_00, "early").amount_fen == 0
    assert refunded(member, 60_00, "late").repeated
    assert contents() == before


def test_what_comes_back_repays_a_debt_first(member: int) -> None:
    topped_up(member)
    post_one(Debit(member, 100_00, PURCHASE, "p"))
    post_one(Reverse(member, TOP_UP, "t", 1, 1, "r"))
    assert figures(member) == (0, 0, 100_00)
    assert refunded(member, 100_00, "back") == WalletPosted(80_00, 20_00, 0, 0, 0)
    assert figures(member) == (0, 0, 0)


def test_what_was_never_taken_cannot_come_back(member: int) -> None:
    topped_up(member)
    assert refusal_of(Restore(member, PURCHASE, "p", "r", 1, 1)) == "no_such_wallet_entry"
    assert refusal_of(Restore(member, TOP_UP, "t", "r", 1, 1)) == "no_such_wallet_entry"


# ------------------------------------------------------------------ many at once


def test_a_purchase_and_its_refund_may_stand_in_one_posting(member: int) -> None:
    answers = post(
        Credit(member, 0, 10, CASHBACK, "c"),
        Reverse(member, CASHBACK, "c", 1, 2, "r1"),
        Debit(member, 4, PURCHASE, "p"),
        Restore(member, PURCHASE, "p", "r1", 1, 2),
        Reverse(member, CASHBACK, "c", 2, 2, "r2"),
        Restore(member, PURCHASE, "p", "r2", 2, 2),
    )
    assert [answer.amount_fen for answer in answers if isinstance(answer, WalletPosted)] == [
        10, -5, -4, 2, -5, 2
    ]  # fmt: skip
    assert figures(member) == (0, 0, 0)


def test_one_that_is_refused_leaves_the_others_posted(app: Flask) -> None:
    clock.set(START)
    rich, poor = enrol(2)
    answers = post(
        Credit(rich, 10_00, 0, TOP_UP, "t"),
        Debit(poor, 5_00, PURCHASE, "p"),
        Debit(rich, 4_00, PURCHASE, "p"),
    )
    assert isinstance(answers[1], InsufficientBalance)
    assert [figures(rich), figures(poor)] == [(6_00, 0, 0), (0, 0, 0)]


def test_posting_takes_as_many_statements_for_many_as_for_few(app: Flask) -> None:
    clock.set(START)
    members = enrol(60)
    topped = [Credit(member, 50_00, 5_00, TOP_UP, "t") for member in members]
    spent = [Debit(member, 20_00, PURCHASE, "p") for member in members]
    refunds = [Restore(member, PURCHASE, "p", "r", 1, 2) for member in members]
    counts = [
        [statements_of(group[:2]), statements_of(group[2:])] for group in (topped, spent, refunds)
    ]
    assert counts == [[6, 6], [4, 4], [5, 5]]
    assert {figures(member) for member in members} == {(45_00, 0, 0)}


def statements_of(group: Any) -> int:
    """How many statements it takes to post a group, without BEGIN and COMMIT."""
    texts: list[str] = []

    def hear(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
        if not text.startswith("BEGIN"):
            texts.append(text)

    sa.event.listen(db.engine, "before_cursor_execute", hear)
    post(*group)
    sa.event.remove(db.engine, "before_cursor_execute", hear)
    return len(texts)


def test_locking_opens_a_wallet_and_tells_what_is_in_it(member: int) -> None:
    with transaction():
        assert {one: tuple(held) for one, held in posting.lock_accounts([member]).items()} == {
            member: (0, 0, 0)
        }
    topped_up(member)
    with transaction():
        assert tuple(posting.lock_accounts([member])[member]) == (100_00, 20_00, 0)


def test_entries_are_for_ever(member: int) -> None:
    topped_up(member)
    entries = WalletEntry.__table__
    for change in (sa.update(entries).values(bonus_fen=1), sa.delete(entries)):  # type: ignore[arg-type]
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), transaction() as session:
            session.execute(change)
    assert figures(member) == (100_00, 20_00, 0)


@pytest.mark.parametrize(
    "overdrawn",
    [
        {"principal_fen": -1},
        {"bonus_fen": -1},
        {"principal_fen": 0, "bonus_fen": 0, "debt_fen": -1},
        {"debt_fen": 1},
    ],
)
def test_the_database_itself_keeps_figures_possible(member: int, overdrawn: dict[str, int]) -> None:
    topped_up(member)
    with pytest.raises(sa.exc.IntegrityError), transaction() as session:
        session.execute(sa.update(WalletAccount).values(overdrawn))
    assert figures(member) == (100_00, 20_00, 0)
