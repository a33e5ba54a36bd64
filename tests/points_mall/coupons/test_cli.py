"""`flask coupons …`, as an operator meets it."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.coupons import demo
from points_mall.coupons.cli import coupons_cli
from points_mall.coupons.models import Coupon, CouponTemplate
from points_mall.coupons.templates import all_templates

from .conftest import count, enrol, give, state, template


class Bar:
    """Stands where the demo shows its progress."""

    def expect(self, steps: int) -> None:
        """Hear how many steps there are."""

    def advance(self, steps: int = 1) -> None:
        """Hear that some are done."""


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(coupons_cli, list(words))


def written(path: Path, value: Any) -> str:
    file = path / "file.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return str(file)


TERMS = {"kind": "cash", "amount_fen": 500, "validity": {"span": "days", "days": 30}}
FIVE = {"code": "five", "title_zh": "五元券", "title_en": "Five", "terms": TERMS}


def test_load_publishes_all_or_none(app: Flask, tmp_path: Path) -> None:
    done = run(app, "load", written(tmp_path, [FIVE, {**FIVE, "code": "again"}]))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == ["five  v1  五元券  抵5元", "again  v1  五元券  抵5元"]
    too_much = {"kind": "amount_off", "amount_fen": 500, "threshold_fen": 499}
    bad = {**FIVE, "code": "bad1", "terms": {**TERMS, **too_much}}
    for value in ([{**FIVE, "code": "good"}, bad], {**FIVE, "colour": 1}, "not json"):
        refused = run(app, "load", written(tmp_path, value))
        assert refused.exit_code == 1
    assert [one.code for one in all_templates()] == ["again", "five"]


def test_list_tells_how_many_stand_where(app: Flask) -> None:
    template()
    give(enrol()[0], count=2)
    assert "five=" not in run(app, "list").output
    assert "unused=2" in run(app, "list").output
    (told,) = json.loads(run(app, "list", "--json").output)
    assert (told["code"], told["version"], told["coupons"]) == ("five", 1, {"unused": 2})


def test_issue_shows_what_was_done_and_fails_where_somebody_failed(
    app: Flask, tmp_path: Path
) -> None:
    template()
    enrol(2)
    numbers = db.session.scalars(sa.select(Member.member_no)).all()
    file = tmp_path / "list.csv"
    file.write_text("\n".join(numbers))
    done = run(app, "issue", "--template", "five", "--members", str(file))
    assert done.exit_code == 0, done.output
    told = json.loads(done.output.splitlines()[-1])
    assert (told["issued"], told["had_before"], told["failed"]) == (2, 0, 0)
    file.write_text("404\n")
    failed = run(app, "issue", "--template", "five", "--members", str(file))
    assert failed.exit_code == 1
    assert (tmp_path / "list.failures.csv").read_text("utf-8-sig") == (
        "line,member,reason\n1,404,no such member\n"
    )
    assert run(app, "issue", "--template", "none", "--members", str(file)).exit_code == 1
    assert count(Coupon) == 2


def test_import_codes_names_the_lines_that_are_wrong(app: Flask, tmp_path: Path) -> None:
    template()
    words = ("--template", "five", "--purpose", "redeem")
    bad = run(app, "import-codes", written(tmp_path, "ABCD-1234\n=1\n"), *words)
    assert bad.exit_code == 1
    assert "line 2: formula" in bad.output
    good = run(app, "import-codes", written(tmp_path, "ABCD-1234\n"), *words)
    assert json.loads(good.output) == {"count": 1, "served": 0}


def test_void(app: Flask) -> None:
    template()
    (code,) = give(enrol()[0])
    assert run(app, "void", code, "--reason", "a mistake").output == "1 voided\n"
    assert state(code) == "void"
    assert run(app, "void", "870000000000000000", "--reason", "x").exit_code == 1


def test_gift_says_what_is_given_on_an_occasion(app: Flask) -> None:
    template()
    rewards = [{"kind": "coupon", "amount": 1, "item": "five"}]
    assert json.loads(run(app, "gift", "welcome").output) == []
    assert json.loads(run(app, "gift", "welcome", json.dumps(rewards)).output) == rewards
    for bad in ("no", '[{"kind": "coupon"}]', '[{"kind":"coupon","amount":1,"item":"none"}]'):
        assert run(app, "gift", "welcome", bad).exit_code == 1
    assert json.loads(run(app, "gift", "welcome").output) == rewards


def test_verify_exits_non_zero_where_something_differs(app: Flask) -> None:
    template()
    (code,) = give(enrol()[0])
    assert run(app, "verify").exit_code == 0
    with transaction() as session:
        session.execute(sa.text("UPDATE coupon SET code = '1'"))
    found = run(app, "verify", "--json")
    assert (found.exit_code, json.loads(found.output)) == (
        1,
        [{"coupon": "1", "what": "its number is none of ours"}],
    )
    assert run(app, "verify").output.endswith("1 differences · 差异 1 处\n")
    assert code != "1"


@pytest.mark.usefixtures("all_is_right")
def test_the_demo_is_sown_once(app: Flask) -> None:
    for _ in range(2):
        demo.seed(Bar())  # type: ignore[arg-type]
    assert count(CouponTemplate) == 12
    assert json.loads(run(app, "gift", "birthday").output)[0]["item"] == "birthday88"
