"""`flask wallet …`: what the operator sees and does, and when it is refused."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members import rules
from miniprogram_api.members.models import Member
from points_mall.wallet import plans
from points_mall.wallet.cli import wallet_cli
from points_mall.wallet.movements import Credit
from points_mall.wallet.reasons import TOP_UP

from .conftest import START, contents, figures, post_one


@pytest.fixture
def somebody(app: Flask) -> Member:
    """A member with 100 yuan paid in and 20 given."""
    clock.set(START)
    with transaction() as session:
        member = Member(member_no=rules.new_member_no(), joined_at=START)
        session.add(member)
    post_one(Credit(member.id, 100_00, 20_00, TOP_UP, "t"))
    return member


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(wallet_cli, list(words))


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_show_tells_the_figures(app: Flask, somebody: Member) -> None:
    assert told(run(app, "show", "--member", somebody.member_no)) == {
        "balance_fen": 120_00, "principal_fen": 100_00, "bonus_fen": 20_00, "debt_fen": 0
    }  # fmt: skip
    assert run(app, "show", "--member", "000000000000").exit_code == 1


def test_adjust_moves_one_part_once(app: Flask, somebody: Member) -> None:
    words = ["adjust", "--member", somebody.member_no, "--reason", "补偿", "--reference", "a"]
    first = told(run(app, *words, "--bonus", "500", "--json"))
    assert (first["amount_fen"], first["bonus_after"], first["repeated"]) == (500, 25_00, False)
    assert told(run(app, *words, "--bonus", "500", "--json"))["repeated"]
    said = run(app, "adjust", "--member", somebody.member_no, "--reason", "x", "--principal", "-1")
    assert said.output == "-1 · 本金 principal 9999 · 赠送 bonus 2500 · 欠款 debt 0\n"
    assert figures(somebody.id) == (99_99, 25_00, 0)


@pytest.mark.parametrize(
    "words",
    [
        ["adjust", "--reason", "x", "--bonus", "-2001"],
        ["adjust", "--reason", "x", "--bonus", "0"],
        ["adjust", "--reason", "x"],
        ["adjust", "--reason", "x", "--bonus", "1", "--principal", "1"],
        ["adjust", "--bonus", "1"],
        ["adjust", "--reason", "x", "--bonus", "10000000001"],
        ["pay-back", "--reason", "x", "--amount", "10001"],
        ["pay-back", "--reason", "x", "--amount", "0"],
        ["pay-back", "--reason", "x", "--amount", "-5"],
    ],
)
def test_what_cannot_be_is_refused_and_nothing_moves(
    app: Flask, somebody: Member, words: list[str]
) -> None:
    before = contents()
    assert run(app, *words, "--member", somebody.member_no).exit_code != 0
    assert contents() == before


def test_pay_back_hands_out_the_principal(app: Flask, somebody: Member) -> None:
    words = ["pay-back", "--member", somebody.member_no, "--reason", "会员注销", "--json"]
    assert told(run(app, *words, "--amount", "4000"))["principal_after"] == 60_00
    assert told(run(app, *words))["principal_after"] == 0
    assert run(app, *words).exit_code == 1
    assert figures(somebody.id) == (0, 20_00, 0)


def test_verify_tells_whether_the_wallets_are_right(app: Flask, somebody: Member) -> None:
    assert run(app, "verify").output == "0 differences · 差异 0 处\n"
    assert told(run(app, "verify", "--json")) == []
    with transaction() as session:
        session.execute(sa.text("UPDATE wallet_account SET bonus_fen = bonus_fen + 1"))
    found = run(app, "verify", "--json")
    assert (found.exit_code, [one["what"] for one in json.loads(found.output)]) == (1, ["figures"])
    assert run(app, "verify").exit_code == 1


def test_plans_are_set_listed_and_taken_down(app: Flask) -> None:
    assert run(app, "plans", "set", "gold", "--title", "储值500", "--pay", "50000").exit_code == 0
    words = ["plans", "set", "gold", "--title", "储值500送80", "--pay", "50000", "--bonus", "8000"]
    assert run(app, *words).output == "offered\n"
    assert run(app, "plans", "list").output == "  gold  50000 + 8000  储值500送80\n"
    assert run(app, "plans", "unlist", "gold").output == "unlisted\n"
    assert told(run(app, "plans", "list", "--json")) == [
        {"code": "gold", "title": "储值500送80", "pay_fen": 500_00, "bonus_fen": 80_00,
         "is_listed": False}
    ]  # fmt: skip
    assert run(app, "plans", "unlist", "never").exit_code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ["Gold!", "--title", "x", "--pay", "1"],
        ["gold", "--title", "", "--pay", "1"],
        ["gold", "--title", "x" * 65, "--pay", "1"],
        ["gold", "--title", "x", "--pay", "0"],
        ["gold", "--title", "x", "--pay", "1", "--bonus", "-1"],
        ["gold", "--title", "x", "--pay", "10000000001"],
    ],
)
def test_a_plan_that_cannot_be_is_refused(app: Flask, wrong: list[str]) -> None:
    assert run(app, "plans", "set", *wrong).exit_code == 1
    db.session.rollback()
    assert plans.plans_of_the_shop(listed_only=False) == []
