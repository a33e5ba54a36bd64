"""Issuing to a list: everybody once, however often the run is started; the others in a file."""

import io
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db
from miniprogram_api.members.models import Member
from points_mall.coupons import lists
from points_mall.coupons.errors import NoSuchTemplate
from points_mall.coupons.lists import Progress
from points_mall.coupons.models import Coupon
from points_mall.coupons.terms import Audience, Limits
from tests.builders import shanghai

from .conftest import count, coupons_of, enrol, give, template

pytestmark = pytest.mark.usefixtures("all_is_right")


def numbers_of(members: list[int]) -> list[str]:
    query = sa.select(Member.member_no).where(Member.id.in_(members)).order_by(Member.id)
    return list(db.session.scalars(query))


def run(path: Path, batch: str = "b1") -> tuple[Progress, str]:
    failures = io.StringIO()
    done = list(lists.issue_to_list(path, "five", batch=batch, failures=failures, actor="cli:test"))
    total = [sum(getattr(one, name) for one in done) for name in Progress.__annotations__]
    return Progress(*total), failures.getvalue()


def test_everybody_of_a_list_gets_one(app: Flask, tmp_path: Path) -> None:
    template()
    members = enrol(3)
    file = tmp_path / "list.csv"
    file.write_text(
        "会员号,姓名\n" + "".join(f"{one},某人\n" for one in numbers_of(members)), "gbk"
    )
    assert run(file) == (Progress(3, 3, 0, 0), "line,member,reason\r\n")
    assert run(file) == (Progress(3, 0, 3, 0), "line,member,reason\r\n")
    assert run(file, "b2")[0] == Progress(3, 3, 0, 0)
    assert [len(coupons_of(one)) for one in members] == [2, 2, 2]


def test_who_cannot_have_it_is_told_with_line_and_reason(app: Flask, tmp_path: Path) -> None:
    template(limits=Limits(per_member=1), audience=Audience(named_only=True))
    one, two = enrol(2)
    (gone,) = enrol(closed_at=shanghai("2026-11-20 12:00"))
    give(one)
    numbers = numbers_of([one, two, gone])
    file = tmp_path / "list.csv"
    file.write_text(f"{numbers[0]}\n=cmd()\n{numbers[1]}\n{numbers[2]}\n{numbers[1]}\n404\n")
    progress, failures = run(file)
    assert progress == Progress(6, 1, 1, 4)
    assert failures.splitlines()[1:] == [
        f"1,{numbers[0]},coupon_limit_used",
        "2,'=cmd(),formula",
        f"4,{numbers[2]},no such member",
        "6,404,no such member",
    ]
    assert [len(coupons_of(member)) for member in (one, two, gone)] == [1, 1, 0]


def test_a_list_for_no_template_issues_nothing(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("123\n")
    with pytest.raises(NoSuchTemplate):
        run(file)
    assert count(Coupon) == 0


def test_the_same_file_and_template_are_the_same_run(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("123\n")
    name = lists.batch_of(file, "five")
    assert lists.batch_of(file, "five") == name
    assert lists.batch_of(file, "other") != name
    file.write_text("124\n")
    assert lists.batch_of(file, "five") != name


def test_memory_does_not_grow_with_the_list(app: Flask, tmp_path: Path) -> None:
    template()
    (member,) = enrol()
    (number,) = numbers_of([member])
    peaks = []
    for lines in (2_000, 8_000):
        file = tmp_path / "list.csv"
        file.write_text(f"{number}\n" * lines)
        run(file)
        tracemalloc.start()
        run(file, f"again {lines}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_a_run_that_was_killed_is_run_again_and_nobody_is_doubled(
    app: Flask, tmp_path: Path
) -> None:
    template()
    members = enrol(4_000)
    file = tmp_path / "list.csv"
    file.write_text("\n".join(numbers_of(members)))
    db.session.rollback()
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    given = {
        **os.environ,
        "MALL_INSTANCE": str(tmp_path / "instance"),
        "DATABASE_URL": url,
        "ENVIRONMENT": "test",
        "SHOP_TIME_ZONE": "Asia/Shanghai",
    }
    command = [sys.executable, "-c", _ISSUE, str(file)]
    with subprocess.Popen(command, env=given, cwd=Path(__file__).parents[3]) as process:
        _wait_until(lambda: count(Coupon) >= 1000, process)
        process.send_signal(signal.SIGKILL)
    first = count(Coupon)
    db.session.rollback()  # no transaction stays open while another process works
    assert 1000 <= first < 4000
    subprocess.run(command, env=given, cwd=Path(__file__).parents[3], check=True)
    db.session.rollback()
    owners = db.session.scalars(sa.select(Coupon.member_id).order_by(Coupon.member_id)).all()
    assert owners == members


_ISSUE = """
import sys, io
from pathlib import Path
from app import create_app
from points_mall.coupons import lists
with create_app().app_context():
    file = Path(sys.argv[1])
    batch = lists.batch_of(file, "five")
    for done in lists.issue_to_list(file, "five", batch=batch, failures=io.StringIO(), actor="t"):
        pass
"""


def _wait_until(done: object, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not done() and process.poll() is None and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)
