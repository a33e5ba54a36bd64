"""调整积分 in two steps, and the page on which a second person decides."""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import number_of, open_shop, shopper

from .desk import adjustments, available, requests


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"ADJUSTMENT_LIMIT_POINTS": 1000}


@pytest.fixture
def number(app: Flask) -> str:
    """A member with 500 points; the id is 1."""
    open_shop()
    return number_of(shopper(points=500))


def path(number: str, step: str = "") -> str:
    return f"/admin/members/{number}/adjust{step}"


def hidden(answer: TestResponse) -> dict[str, Any]:
    """What the page of the second step sends along."""
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    return {name: value for name, value in found if name != "csrf_token"}


def looked(clerk: Clerk, number: str, points: int, direction: str = "give") -> TestResponse:
    return clerk.post(
        path(number, "/look"), direction=direction, points=str(points), reason="门店补偿"
    )


def confirmed(clerk: Clerk, number: str, points: int, direction: str = "give") -> TestResponse:
    return clerk.post(path(number), **hidden(looked(clerk, number, points, direction)))


def before_after(answer: TestResponse) -> list[str]:
    """The figures that stand at the head of the second step: now, then, change."""
    return re.findall(r"<br>([^<]+)</span>", answer.text.split('id="before-after"')[1])[:3]


def test_what_would_happen_is_shown_and_nothing_moves(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    answer = looked(clerk, number, 300)
    assert answer.status_code == 200
    assert before_after(answer) == ["500", "800", "+300"]
    assert available(1) == 500
    assert acts_count() == 0
    assert before_after(looked(clerk, number, 500, "take")) == ["500", "0", "−500"]


def test_what_was_looked_at_is_done(app: Flask, number: str) -> None:
    answer = confirmed(Clerk(app, "manager"), number, 300)
    assert (answer.status_code, answer.location) == (303, f"/admin/members/{number}?told=done")
    assert available(1) == 800
    ((who, subject, before, after, why),) = acts_of("points.adjust")
    assert (who, subject, why) == ("staff:the-manager", f"member:{number}", "门店补偿")
    assert (before, after) == ({"available": 500}, {"available": 800, "points": 300})


def test_a_second_click_does_nothing_more(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    fields = hidden(looked(clerk, number, 300))
    assert [clerk.post(path(number), **fields).status_code for _ in range(2)] == [303, 303]
    assert available(1) == 800


def test_who_looked_at_another_balance_looks_again(app: Flask, number: str) -> None:
    clerk, other = Clerk(app, "manager"), Clerk(app, "owner")
    fields = hidden(looked(clerk, number, 300))
    confirmed(other, number, 100, "take")
    answer = clerk.post(path(number), **fields)
    assert answer.status_code == 409
    assert "余额刚有变动" in answer.text
    assert before_after(answer) == ["400", "700", "+300"]
    assert available(1) == 400
    assert clerk.post(path(number), **hidden(answer)).status_code == 303
    assert available(1) == 700


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"points": ""}, "points"),
        ({"points": "0"}, "points"),
        ({"points": "-5"}, "points"),
        ({"points": "1.5"}, "points"),
        ({"points": "10000001"}, "points"),
        ({"points": "9" * 30}, "points"),
        ({"direction": "steal"}, "direction"),
        ({"direction": ""}, "direction"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_what_is_not_understood_is_refused_at_its_field(
    app: Flask, number: str, fields: dict[str, Any], wrong: str
) -> None:
    sent: dict[str, Any] = {"direction": "give", "points": "5", "reason": "x", **fields}
    answer = Clerk(app, "manager").post(path(number, "/look"), **sent)
    assert answer.status_code == 422
    assert f'id="f-{wrong}-about"' in answer.text
    assert available(1) == 500


@pytest.mark.parametrize("points", [1, 10_000_000])
def test_points_are_taken_at_their_limits(app: Flask, number: str, points: int) -> None:
    assert looked(Clerk(app, "manager"), number, points).status_code == 200


def test_more_than_there_is_is_refused_and_what_was_typed_stays(app: Flask, number: str) -> None:
    answer = looked(Clerk(app, "manager"), number, 501, "take")
    assert answer.status_code == 409
    assert "积分不足" in answer.text
    assert 'value="501"' in answer.text
    assert available(1) == 500


@pytest.mark.parametrize(
    "changed", [{"key": "x"}, {"seen": ""}, {"seen": "-1"}, {"points": "0"}, {"reason": ""}]
)
def test_a_second_step_that_was_tampered_with_moves_nothing(
    app: Flask, number: str, changed: dict[str, Any]
) -> None:
    clerk = Clerk(app, "manager")
    fields: dict[str, Any] = {**hidden(looked(clerk, number, 300)), **changed}
    assert clerk.post(path(number), **fields).status_code == 422
    assert available(1) == 500
    assert acts_count() == 0


def test_beyond_the_limit_it_waits_for_somebody_else(app: Flask, number: str) -> None:
    clerk, owner = Clerk(app, "manager"), Clerk(app, "owner")
    assert "side-count" not in owner.get("/admin/approvals").text
    assert "提交审批" in looked(clerk, number, 4000).text
    answer = confirmed(clerk, number, 4000)
    assert (answer.status_code, answer.location) == (303, f"/admin/members/{number}?told=asked")
    assert available(1) == 500

    page = owner.get("/admin/approvals").text
    assert 'class="side-count">1<' in page
    for told in ("张爱华", "+4,000", "500 → 4,500", "门店补偿", "the-manager"):
        assert told in page
    assert "/admin/approvals/1/approve" in page
    mine = clerk.get("/admin/approvals").text
    assert "/admin/approvals/1/approve" not in mine
    assert "撤回" in mine

    answer = owner.post("/admin/approvals/1/approve", reason="已核实", asked="approve-1")
    assert (answer.status_code, answer.location) == (303, "/admin/approvals?told=done")
    assert available(1) == 4500
    assert requests() == [("approved", 4000, "staff:the-manager", "staff:the-owner")]
    history = owner.get("/admin/approvals?state=any").text
    assert "已同意" in history
    assert "已核实" in history


def test_nobody_approves_their_own(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    confirmed(clerk, number, 4000)
    answer = clerk.post("/admin/approvals/1/approve", reason="x", asked="approve-1")
    assert answer.status_code == 403
    assert "不能审批自己提交的调整" in answer.text
    assert available(1) == 500
    assert acts_of("points.approve_adjustment") == []


def test_what_is_decided_is_told_to_who_comes_later(app: Flask, number: str) -> None:
    confirmed(Clerk(app, "manager"), number, 4000)
    Clerk(app, "owner").post("/admin/approvals/1/refuse", reason="不合规定")
    late = Clerk(app, "manager", username="zhao")
    answer = late.post("/admin/approvals/1/approve", reason="x")
    assert answer.status_code == 409
    assert "已经处理过" in answer.text
    assert available(1) == 500
    assert adjustments() == []


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_deciding_needs_a_reason(app: Flask, number: str, verb: str) -> None:
    confirmed(Clerk(app, "manager"), number, 4000)
    answer = Clerk(app, "owner").post(f"/admin/approvals/1/{verb}", reason=" ")
    assert answer.status_code == 422
    assert requests()[0][0] == "open"


def test_there_is_no_such_request(app: Flask, number: str) -> None:
    assert Clerk(app, "owner").post("/admin/approvals/9/approve", reason="x").status_code == 404


@pytest.mark.parametrize("role", ["cashier", "editor"])
def test_who_is_no_manager_neither_adjusts_nor_decides(app: Flask, number: str, role: str) -> None:
    confirmed(Clerk(app, "manager"), number, 4000)
    clerk = Clerk(app, role)
    fields: dict[str, Any] = {
        "direction": "give",
        "points": "5",
        "reason": "x",
        "seen": "500",
        "key": "a" * 32,
    }
    assert clerk.get(path(number)).status_code == 403
    assert clerk.post(path(number, "/look"), **fields).status_code == 403
    assert clerk.post(path(number), **fields).status_code == 403
    assert clerk.get("/admin/approvals").status_code == 403
    assert clerk.post("/admin/approvals/1/approve", reason="x").status_code == 403
    assert available(1) == 500


def test_a_form_without_the_pages_proof_does_nothing(app: Flask, number: str) -> None:
    confirmed(Clerk(app, "manager"), number, 4000)
    owner = Clerk(app, "owner")
    fields: dict[str, Any] = {
        "direction": "give",
        "points": "5",
        "reason": "x",
        "seen": "500",
        "key": "a" * 32,
    }
    for address in (path(number), path(number, "/look"), "/admin/approvals/1/approve"):
        assert owner.post(address, proof=False, **fields).status_code == 403
    assert available(1) == 500


def test_an_approver_reads_english(app: Flask, number: str) -> None:
    confirmed(Clerk(app, "manager"), number, 4000)
    page = Clerk(app, "owner", lang="en").get("/admin/approvals").text
    for told in ("Approvals", "Waiting", "Approve", "Refuse", "until"):
        assert told in page
