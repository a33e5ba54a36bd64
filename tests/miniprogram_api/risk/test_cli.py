"""`flask risk …`: staff see why, lift, block and unblock."""

import json
from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from miniprogram_api.risk import blocks, decisions
from miniprogram_api.risk.rules import Signals
from tests.builders import enrolled_member


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["risk", *words])


def member_no(member_id: int) -> str:
    db.session.rollback()
    return str(db.session.get_one(Member, member_id).member_no)


def test_refusals_are_listed_with_their_reasons_and_lifted(app: Flask) -> None:
    li = enrolled_member()
    number = decisions.record(decisions.decide(f"member:{li}", "referral", Signals(rank=4)))
    decisions.record(decisions.decide("person:p1", "enrol", Signals(rank=4)))

    told = json.loads(run(app, "decisions", "--member", member_no(li), "--json").output)
    assert [one["id"] for one in told] == [number]
    assert told[0]["reasons"] == ["wechat_rank_4", "young_account"]
    assert len(run(app, "decisions").output.splitlines()) == 2

    lifted = run(app, "lift", str(number), "--reason", "known to us")
    assert lifted.exit_code == 0, lifted.output
    assert "已放行" in run(app, "decisions").output
    assert run(app, "lift", "999", "--reason", "x").exit_code == 1


@pytest.mark.parametrize("kind", ["member", "address", "device"])
def test_members_addresses_and_devices_are_blocked_and_unblocked(app: Flask, kind: str) -> None:
    li = enrolled_member()
    given = {"member": member_no(li), "address": "203.0.113.9", "device": "device-0001"}[kind]
    assert (
        run(app, "block", f"--{kind}", given, "--reason", "scripts", "--hours", "2").exit_code == 0
    )
    [told] = json.loads(run(app, "blocks", "--json").output)
    assert (told["kind"], told["reason"]) == (kind, "scripts")
    assert told["added_by"].startswith("cli:")
    assert told["until"] is not None
    assert "scripts" in run(app, "blocks").output
    if kind == "member":
        assert blocks.blocked_members() == [li]
    else:
        assert given not in run(app, "blocks").output

    assert run(app, "unblock", f"--{kind}", given).exit_code == 0
    assert run(app, "unblock", f"--{kind}", given).exit_code == 1
    assert json.loads(run(app, "blocks", "--json").output) == []


@pytest.mark.parametrize(
    "words",
    [
        ("block", "--reason", "x"),
        ("block", "--member", "1", "--device", "device-0001", "--reason", "x"),
        ("block", "--member", "123", "--reason", "x"),
        ("block", "--address", "nowhere", "--reason", "x"),
        ("block", "--device", "no", "--reason", "x"),
    ],
)
def test_who_is_not_named_is_not_blocked(app: Flask, words: tuple[str, ...]) -> None:
    assert run(app, *words).exit_code != 0
    assert json.loads(run(app, "blocks", "--json").output) == []
