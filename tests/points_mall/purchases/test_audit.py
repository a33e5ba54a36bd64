"""The proof finds whatever somebody might spoil, and finds nothing where nothing is spoilt."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.purchases.cli import purchases_cli
from points_mall.purchases.inbox import store
from points_mall.purchases.models import Purchase
from points_mall.purchases.personal import export_purchases
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.refunds import record_refund

from . import shop


@pytest.fixture
def number(mall: Flask) -> str:
    """A purchase paid by all tenders, of which a half came back."""
    (li,) = shop.enrol(points=300, principal_fen=20_00, bonus_fen=5_00)
    number = shop.placed(
        li, 45_00, points=300, points_fen=30_00, wallet_fen=25_00, line_fens=(60_00, 40_00)
    )
    payment = shop.paid(number, 45_00)
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", 50_00))
    assert shop.audited() == []
    return number


@pytest.fixture
def runner(mall: Flask) -> FlaskCliRunner:
    return mall.test_cli_runner()


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        ("UPDATE purchase SET refunded_fen = 4900", "value refunded: 5000, found 4900"),
        ("UPDATE purchase_refund SET value_fen = 4900", "value of its refunds: 5000, found 4900"),
        (
            "UPDATE purchase_refund SET cash_fen = 4600",
            "cash refunded within what was paid: True, found False",
        ),
        (
            "UPDATE purchase_line SET refunded_fen = 1 WHERE line_no = 1",
            "lines refunded: [3000, 2000], found [1, 2000]",
        ),
        ("UPDATE purchase SET points_earned = 66", "award: (66, 0), found (65, 0)"),
        ("UPDATE purchase SET points_earned = 66", "points earned: 66, found 65"),
        ("UPDATE purchase SET points_earned = 66", "points taken back: 33, found 32"),
        ("UPDATE purchase SET points_used = 302", "points spent: 151, found 150"),
        (
            "UPDATE purchase SET wallet_fen = 2400, cash_fen = 4600",
            "wallet money spent: 1200, found 1250",
        ),
        ("UPDATE purchase SET cashback_fen = 2", "cashback: 1, found 0"),
        ("UPDATE purchase SET wallet_principal_fen = 1900", "growth: (3200, 1, 33), found (3250, 1, 33)"),
        (
            "UPDATE purchase SET status = 'closed', paid_late_at = paid_at",
            "earned: (0, 0), found (65, 0)",
        ),
        (
            "UPDATE purchase_refund SET state = 'waiting'",
            "applied, found waiting",
        ),
    ],
)  # fmt: skip
def test_what_was_spoilt_is_found(number: str, spoil: str, finding: str) -> None:
    with transaction() as session:
        session.execute(sa.text(spoil))

    assert any(one.endswith(finding) for one in shop.audited()), shop.audited()


def test_many_purchases_are_proven_in_batches(mall: Flask) -> None:
    (li,) = shop.enrol()
    for receipt in range(3):
        record_purchase(shop.sold(li, 10_00, f"r-{receipt}"))
    with transaction() as session:
        session.execute(sa.update(Purchase).values(points_earned=9))

    assert len([one for one in shop.audited() if "points earned: 9, found 10" in one]) == 3


def test_verify_tells_and_exits_with_one_where_something_differs(
    number: str, runner: FlaskCliRunner
) -> None:
    clean = runner.invoke(purchases_cli, ["verify"])
    assert (clean.exit_code, clean.output) == (0, "0 findings\n")
    with transaction() as session:
        session.execute(sa.update(Purchase).values(refunded_fen=49_00))

    spoilt = runner.invoke(purchases_cli, ["verify"])
    told = runner.invoke(purchases_cli, ["verify", "--json"])

    assert spoilt.exit_code == told.exit_code == 1
    assert f"purchase {number}: value refunded: 5000, found 4900\n1 findings" in spoilt.output
    assert json.loads(told.output)["findings"] == [
        {"purchase_no": number, "what": "value refunded", "expected": 5000, "found": 4900}
    ]


def test_purchases_are_listed_and_shown(number: str, runner: FlaskCliRunner) -> None:
    member_no = db.session.scalar(sa.select(Member.member_no))

    listed = runner.invoke(purchases_cli, ["list", "--member", str(member_no), "--status", "paid"])
    as_json = runner.invoke(purchases_cli, ["list", "--json"])
    shown = runner.invoke(purchases_cli, ["show", number])

    assert listed.output == f"{number}  paid  wechat_pay  10000  5000  65  咖啡\n"
    assert [one["purchase_no"] for one in json.loads(as_json.output)] == [number]
    told = json.loads(shown.output)
    assert (told["cash_fen"], [line["refunded_fen"] for line in told["lines"]]) == (
        45_00,
        [30_00, 20_00],
    )
    assert [refund["value_fen"] for refund in told["refunds"]] == [50_00]


def test_what_is_not_there_is_said_so(mall: Flask, runner: FlaskCliRunner) -> None:
    assert runner.invoke(purchases_cli, ["show", "P0"]).exit_code == 1
    assert runner.invoke(purchases_cli, ["list", "--member", "000000000009"]).exit_code == 1
    assert runner.invoke(purchases_cli, ["drain", "--failed", "7"]).exit_code == 1


def test_notices_are_listed_without_what_names_their_payer(
    mall: Flask, runner: FlaskCliRunner
) -> None:
    store("till", "n-1", "TEST.UNKNOWN", {"openid": "oLi"})

    drained = runner.invoke(purchases_cli, ["drain", "--waiting"])
    listed = runner.invoke(purchases_cli, ["notices", "--state", "ignored"])
    as_json = runner.invoke(purchases_cli, ["notices", "--json"])

    assert drained.output == "1 applied\n"
    assert listed.output.endswith("ignored  till  TEST.UNKNOWN  n-1  nobody applies TEST.UNKNOWN\n")
    (told,) = json.loads(as_json.output)
    assert (told["state"], "oLi" in as_json.output) == ("ignored", False)


def test_a_members_purchases_are_exported(number: str) -> None:
    member_id = shop.purchase_with(number).member_id

    (told,) = export_purchases(member_id or 0)

    assert (told["purchase_no"], told["paid_at"]) == (number, "2026-11-21T12:00:00+08:00")
    assert told["lines"] == [
        {"title": "咖啡", "quantity": 1, "payable_fen": 60_00},
        {"title": "咖啡", "quantity": 1, "payable_fen": 40_00},
    ]
    assert [(one["refund_fen"], one["points_returned"]) for one in told["refunds"]] == [
        (50_00, 150)
    ]
