"""Topping up, adjusting, paying back, closing; prizes, plans, and what a member is told."""

import pytest
from flask import Flask
from rich.progress import Progress

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.demo.seeds import Seeding
from miniprogram_api.members.errors import WalletNotEmpty
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.kinds import Grant
from points_mall.grants.rewards import Reward
from points_mall.ledger.reasons import declare
from points_mall.wallet import demo, plans, posting, prizes, services, statements
from points_mall.wallet.errors import (
    BadWalletMovement,
    InsufficientBalance,
    NoSuchPlan,
    WalletFull,
)
from points_mall.wallet.movements import Credit, Part, WalletPosted
from points_mall.wallet.reasons import CASHBACK, TOP_UP, title
from points_mall.wallet.services import TopUp

from .conftest import START, contents, enrol, figures, post_one

WON = declare("test_won", "测试中奖", "Test prize", counterparty="test")


def topped_up(member: int, pay_fen: int = 200_00, bonus_fen: int = 20_00) -> WalletPosted:
    with transaction():
        (posted,) = services.top_up([TopUp(member, "topup-200", pay_fen, bonus_fen, "t")])
    return posted


# ------------------------------------------------------------------ topping up


def test_a_plan_that_was_paid_for_becomes_principal_and_bonus(member: int) -> None:
    assert topped_up(member) == WalletPosted(200_00, 20_00, 200_00, 20_00, 0)
    assert topped_up(member).repeated
    assert figures(member) == (200_00, 20_00, 0)


def test_plans_are_credited_together_and_taken_back_by_their_refunds(app: Flask) -> None:
    clock.set(START)
    one, two = enrol(2)
    with transaction():
        services.top_up([
            TopUp(one, "topup-200", 200_00, 20_00, "t"), TopUp(two, "topup-100", 100_00, 0, "t")
        ])  # fmt: skip
        posting.reverse(one, reason=TOP_UP, reference="t", refunded=1, paid=4, by="r")
    assert [figures(one), figures(two)] == [(150_00, 15_00, 0), (100_00, 0, 0)]


def test_a_top_up_of_nothing_ends_it_all(member: int) -> None:
    before = contents()
    with pytest.raises(BadWalletMovement), transaction():
        services.top_up([
            TopUp(member, "topup-200", 200_00, 20_00, "t"), TopUp(member, "x", 0, 0, "u")
        ])  # fmt: skip
    assert contents() == before


# ------------------------------------------------------------------ by hand


def test_people_of_the_shop_adjust_each_part_and_say_why(member: int) -> None:
    adjust(member, Part.PRINCIPAL, 5_00, "a")
    adjust(member, Part.BONUS, 3_00, "b")
    adjust(member, Part.BONUS, -1_00, "c")
    assert figures(member) == (5_00, 2_00, 0)
    last = statements.export_wallet(member)["entries"][-1]
    assert (last["amount_fen"], last["explanation"]) == (-1_00, {"why": "误记"})


def test_an_adjustment_takes_no_more_of_a_part_than_there_is(member: int) -> None:
    topped_up(member)
    before = contents()
    with pytest.raises(InsufficientBalance):
        adjust(member, Part.BONUS, -20_01, "a")
    with pytest.raises(BadWalletMovement):
        adjust(member, Part.BONUS, 0, "a")
    assert contents() == before


def test_a_debt_is_forgiven_by_giving(member: int) -> None:
    post_one(Credit(member, 0, 5_00, CASHBACK, "c"))
    adjust(member, Part.BONUS, -5_00, "spent")
    with transaction():
        posting.reverse(member, reason=CASHBACK, reference="c", refunded=1, paid=1, by="r")
    assert figures(member) == (0, 0, 5_00)
    adjust(member, Part.BONUS, 5_00, "forgiven")
    assert figures(member) == (0, 0, 0)


def adjust(member: int, part: Part, amount_fen: int, reference: str) -> WalletPosted:
    return services.adjust(
        member, part, amount_fen, why="误记", reference=reference, actor="cli:test"
    )


def pay_back(member: int, amount_fen: int | None, reference: str) -> WalletPosted:
    return services.pay_back(
        member, amount_fen, why="会员要求", reference=reference, actor="cli:test"
    )


def test_paying_back_takes_principal_and_leaves_the_bonus(member: int) -> None:
    topped_up(member)
    assert pay_back(member, 50_00, "a") == WalletPosted(-50_00, 0, 150_00, 20_00, 0)
    assert pay_back(member, None, "b") == WalletPosted(-150_00, 0, 0, 20_00, 0)
    assert pay_back(member, None, "b").repeated
    last = statements.export_wallet(member)["entries"][-1]
    assert (last["reason"], last["explanation"]) == ("pay_back", {"why": "会员要求"})
    assert figures(member) == (0, 20_00, 0)


def test_no_more_than_the_principal_is_paid_back(member: int) -> None:
    topped_up(member)
    before = contents()
    with pytest.raises(InsufficientBalance):
        pay_back(member, 200_01, "a")
    assert contents() == before
    pay_back(member, None, "b")
    with pytest.raises(BadWalletMovement):
        pay_back(member, None, "c")
    assert figures(member) == (0, 20_00, 0)


# ------------------------------------------------------------------ closing


def test_an_account_with_principal_cannot_be_closed(member: int) -> None:
    topped_up(member)
    before = contents()
    with pytest.raises(WalletNotEmpty) as refused:
        services.close(member_id=member, reason="told by the event")
    assert refused.value.numbers == {"principal_fen": 200_00}
    assert contents() == before


def test_the_bonus_lapses_when_the_account_is_closed(member: int) -> None:
    topped_up(member)
    pay_back(member, None, "b")
    services.close(member)
    services.close(member)
    assert figures(member) == (0, 0, 0)
    last = statements.export_wallet(member)["entries"][-1]
    assert (last["reason"], last["amount_fen"]) == ("closure", -20_00)


# ------------------------------------------------------------------ prizes


def test_a_prize_for_the_wallet_is_bonus_and_given_once(app: Flask) -> None:
    clock.set(START)
    one, two = enrol(2)
    grants = [
        Grant(one, "wallet", 5_00, WON, "draw:1"),
        Grant(two, "wallet", 8_00, WON, "draw:2"),
    ]
    for _ in range(2):
        with transaction():
            given = prizes.give_bonus(grants)
        assert [granted.told for granted in given] == [{"amount": 5_00}, {"amount": 8_00}]
    assert [figures(one), figures(two)] == [(0, 5_00, 0), (0, 8_00, 0)]


@pytest.mark.parametrize(
    "reward",
    [
        Reward("wallet", 0),
        Reward("wallet", 50_000_01),
        Reward("wallet", 5_00, item="gold"),
        Reward("wallet", 5_00, valid_days=7),
    ],
)
def test_a_rule_cannot_promise_what_a_wallet_cannot_hold(reward: Reward) -> None:
    with pytest.raises(RewardNotAllowed):
        prizes.WALLET_BONUS.check(reward)


def test_a_rule_may_promise_money_up_to_what_the_law_allows() -> None:
    prizes.WALLET_BONUS.check(Reward("wallet", 50_000_00))


# ------------------------------------------------------------------ plans


def test_plans_are_offered_changed_and_taken_down(app: Flask) -> None:
    plans.put_plan("big", title="大", pay_fen=500_00, bonus_fen=80_00)
    plans.put_plan("small", title="小", pay_fen=100_00, bonus_fen=0)
    assert [plan.code for plan in plans.plans_of_the_shop()] == ["small", "big"]
    plans.put_plan("small", title="小", pay_fen=100_00, bonus_fen=5_00)
    assert plans.offered_plan("small").bonus_fen == 5_00
    plans.unlist_plan("small")
    with pytest.raises(NoSuchPlan):
        plans.offered_plan("small")
    assert [plan.code for plan in plans.plans_of_the_shop()] == ["big"]
    assert len(plans.plans_of_the_shop(listed_only=False)) == 2
    for missing in (plans.offered_plan, plans.unlist_plan):
        with pytest.raises(NoSuchPlan):
            missing("never")


def test_a_wallet_holds_no_more_principal_than_allowed(member: int) -> None:
    topped_up(member, 4_800_00, 900_00)
    plans.require_room(member, 200_00)
    with pytest.raises(WalletFull) as refused:
        plans.require_room(member, 200_01)
    assert refused.value.numbers == {"principal_fen": 5_000_01, "most_fen": 5_000_00}


def test_the_demo_offers_three_plans_once(app: Flask) -> None:
    for _ in range(2):
        demo.seed(Seeding(Progress(disable=True), "plans", []))
    offered = [(plan.pay_fen, plan.bonus_fen) for plan in plans.plans_of_the_shop()]
    assert offered == [(100_00, 0), (200_00, 20_00), (500_00, 80_00)]


# ------------------------------------------------------------------ what a member is told


def test_a_member_without_a_wallet_has_nothing(app: Flask) -> None:
    assert statements.balance_fen(424242) == 0
    assert statements.export_wallet(424242) == {
        "principal_fen": 0, "bonus_fen": 0, "debt_fen": 0, "entries": []
    }  # fmt: skip


def test_the_export_holds_the_figures_and_the_whole_history(member: int) -> None:
    topped_up(member)
    assert statements.balance_fen(member) == 220_00
    assert statements.export_wallet(member) == {
        "principal_fen": 200_00,
        "bonus_fen": 20_00,
        "debt_fen": 0,
        "entries": [
            {
                "amount_fen": 220_00,
                "principal_fen": 200_00,
                "bonus_fen": 20_00,
                "balance_after_fen": 220_00,
                "debt_after_fen": 0,
                "reason": "top_up",
                "reference": "t",
                "occurred_at": "2026-11-21T10:00:00+08:00",
                "explanation": {"plan": "topup-200", "paid_fen": 200_00, "bonus_fen": 20_00},
            }
        ],
    }


def test_every_reason_has_a_title_in_both_languages() -> None:
    assert (title("cashback", "zh-CN"), title("cashback", "en")) == ("消费返现", "Cashback")
    assert title("of another time", "en") == "of another time"
