"""A sound shop proves itself; whatever was written past the rule is found."""

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from points_mall.earning import audit
from points_mall.earning.cli import earning_cli
from points_mall.earning.reasons import PURCHASE
from points_mall.earning.terms import Campaign, Cap, Caps, Cashback, Rate
from points_mall.ledger import posting

from .conftest import MORNING, awarded, buys, enrol, in_force, terms

DAY = timedelta(days=1)


def findings() -> list[tuple[str, str, object, object]]:
    found = audit.findings(db.session())
    return [(one.reference, one.what, one.expected, one.found) for one in found]


def tamper(statement: str) -> None:
    """What nobody may do: take the guard down and change what was awarded."""
    with transaction() as session:
        if db.engine.dialect.name == "postgresql":
            session.execute(sa.text("ALTER TABLE earning_award DISABLE TRIGGER USER"))
        else:
            for verb in ("update", "delete"):
                session.execute(sa.text(f"DROP TRIGGER earning_award_no_{verb}"))
        session.execute(sa.text(statement))


@pytest.fixture
def busy(shop: Flask) -> list[int]:
    """Two members with purchases under two rules, within caps, late ones and one without a rule."""
    anna, bert = enrol(2)
    awarded(buys(anna, 1, 5000))
    birthday = Campaign("birthday", "生日月", 20_000, birthday_month=True)
    in_force(terms(caps=Caps(day=Cap(30), month=Cap(70)), campaigns=(birthday,)))
    in_force(terms(Rate(2, 100), cashback=Cashback(100, 500)), MORNING + DAY)
    clock.set(MORNING + 2 * DAY)
    born = date(1990, 11, 30)
    awarded(buys(anna, 2, 1200, birthday=born), buys(bert, 3, 99), buys(anna, 4, 1900))
    awarded(buys(bert, 5, 1000, occurred_at=MORNING + DAY, multiplier_bp=15_000))
    awarded(buys(anna, 6, 1000, occurred_at=MORNING + 9 * DAY, is_first=True))
    return [anna, bert]


def test_a_sound_shop_has_no_findings(busy: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings() == []
    monkeypatch.setattr(audit, "BATCH", 1)
    assert findings() == []


class TestMaturity:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"PURCHASE_POINTS_MATURE_DAYS": 7}

    def test_points_that_wait_are_found(self, busy: list[int]) -> None:
        assert findings() == []


def test_a_changed_award_is_found(busy: list[int]) -> None:
    tamper("UPDATE earning_award SET points = 25 WHERE reference = 'purchase:till:2'")
    # Later purchases of that day had been given more than the cap now leaves.
    assert findings() == [
        ("purchase:till:2", "points", 24, 25),
        ("purchase:till:4", "points", 5, 6),
        findings()[2],
        ("purchase:till:2", "in the ledger", 25, 24),
    ]
    assert findings()[2][:2] == ("purchase:till:4", "explanation")


def test_a_changed_cashback_or_version_is_found(busy: list[int]) -> None:
    tamper("UPDATE earning_award SET cashback_fen = 9 WHERE reference = 'purchase:till:5'")
    assert findings() == [("purchase:till:5", "cashback_fen", 10, 9)]


def test_a_deleted_award_and_points_without_one_are_found(busy: list[int]) -> None:
    tamper("DELETE FROM earning_award WHERE reference = 'purchase:till:5'")
    with transaction():
        posting.credit(busy[0], 7, reason=PURCHASE, reference="purchase:till:99")
    assert findings() == [
        ("purchase:till:99", "in the ledger", 0, 7),
        ("purchase:till:5", "in the ledger", 0, 30),
    ]


def test_the_command_tells_what_it_found(shop: Flask, busy: list[int]) -> None:
    run = shop.test_cli_runner().invoke
    assert run(earning_cli, ["verify"]).output == "0 differences · 差异 0 处\n"
    tamper("UPDATE earning_award SET cashback_fen = 9 WHERE reference = 'purchase:till:5'")
    told = run(earning_cli, ["verify"])
    assert (told.exit_code, told.output) == (
        1,
        "purchase:till:5: cashback_fen: the rule proves 10, stored is 9\n1 differences · 差异 1 处\n",
    )
    as_json = run(earning_cli, ["verify", "--json"])
    assert (as_json.exit_code, json.loads(as_json.output)) == (
        1,
        [{"reference": "purchase:till:5", "what": "cashback_fen", "expected": 10, "found": 9}],
    )
