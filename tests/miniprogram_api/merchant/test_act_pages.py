"""审计: who did what, told as differences, found by person, act, subject and day."""

import re

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.merchant.differences import Change, changes
from miniprogram_api.staff import audit
from tests.builders import shanghai
from tests.office import Clerk


@pytest.fixture
def li(app: Flask) -> Clerk:
    clock.set(shanghai("2026-11-21 13:00"))
    return Clerk(app, "manager", "li")


def act(name: str, subject: str, by: str = "staff:wang", **more: object) -> None:
    with transaction():
        audit.record(name, subject, by=by, **more)  # type: ignore[arg-type]


def test_only_what_differs_is_told_inner_fields_by_their_path() -> None:
    before = {"rate": {"points": 1, "per_fen": 100}, "note": "old", "days": [1, 2], "gone": True}
    after = {"rate": {"points": 2, "per_fen": 100}, "note": "old", "days": [1, 3], "fresh": 5}
    assert changes(before, after) == [
        Change("rate.points", "1", "2"),
        Change("days", "1, 2", "1, 3"),
        Change("fresh", None, "5"),
        Change("gone", "true", None),
    ]
    assert changes(None, {"rows": [{"weight": 3}]}) == [Change("rows.1.weight", None, "3")]
    assert changes(None, None) == []


def test_an_act_is_shown_with_what_it_changed_why_and_where_from(li: Clerk) -> None:
    act(
        "staff.change",
        "staff:7",
        before={"role": "cashier"},
        after={"role": "manager"},
        reason="升职",
    )
    page = li.get("/admin/acts").text
    assert "修改员工" in page
    assert "<del>cashier</del> → <ins>manager</ins>" in page
    assert "升职" in page
    assert 'href="/admin/staff/number/7"' in page
    assert "2026-11-21 13:00:00" in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("who=staff:wang", {"7"}),
        ("act=staff.unlock", {"8"}),
        ("q=staff:8", {"8"}),
        ("q=8", {"8"}),
        ("since=2026-11-22", set()),
        ("until=2026-11-20", set()),
        ("since=2026-11-21&until=2026-11-21", {"7", "8"}),
        ("since=nonsense&act=nobody.knows", {"7", "8"}),
    ],
)
def test_acts_are_found_by_person_act_subject_and_day(
    li: Clerk, asked: str, shown: set[str]
) -> None:
    act("staff.change", "staff:7")
    act("staff.unlock", "staff:8", by="staff:zhou")
    page = li.get(f"/admin/acts?{asked}").text
    assert set(re.findall(r"/admin/staff/number/(\d)", page)) == shown


def test_acts_are_exported_and_formulas_are_neutralised(li: Clerk) -> None:
    act("staff.change", "staff:7", reason="=HYPERLINK(1)")
    file = li.get("/admin/acts?format=csv")
    assert file.headers["Content-Disposition"] == 'attachment; filename="acts.csv"'
    assert "'=HYPERLINK(1)" in file.text
    assert file.text.splitlines()[0] == "\ufeff时间,人员,操作,对象,变化,原因,来自"


def test_what_people_typed_is_shown_as_text(li: Clerk) -> None:
    act("staff.change", "staff:7", reason="<script>alert(1)</script>", after={"<b>": "<i>"})
    page = li.get("/admin/acts").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>" not in page


def test_pages_follow_each_other_without_a_gap(li: Clerk) -> None:
    for number in range(30):
        act("staff.unlock", f"staff:{100 + number}")
    first = li.get("/admin/acts?act=staff.unlock").text
    following = re.search(r'href="([^"]*after=\d+)"', first)
    assert following is not None
    second = li.get(following[1].replace("&amp;", "&")).text
    numbers = [re.findall(r"/admin/staff/number/(\d+)", page) for page in (first, second)]
    assert [int(one) for one in numbers[0] + numbers[1]] == list(range(129, 99, -1))


def test_an_editor_may_not_look(app: Flask) -> None:
    assert Clerk(app, "editor").get("/admin/acts").status_code == 403
