"""A member is moved to another tier by hand, from the member's page."""

from typing import Any

import pytest
from flask import Flask

from miniprogram_api.core.db import db
from points_mall.tiers.services import tier_of
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import number_of, open_shop, shopper


@pytest.fixture
def number(app: Flask) -> str:
    """A regular member's number; the id is 1."""
    open_shop()
    return number_of(shopper())


def path(number: str) -> str:
    return f"/admin/members/{number}/tier"


def tier() -> str:
    db.session.rollback()
    return tier_of(1).code


def test_a_manager_moves_a_member_with_an_act(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    page = clerk.get(path(number)).text
    for told in ("普通会员", "金卡", "钻石卡"):
        assert told in page
    answer = clerk.post(path(number), tier="gold", reason="老顾客")
    assert (answer.status_code, answer.location) == (303, f"/admin/members/{number}?told=done")
    assert tier() == "gold"
    assert acts_of("member.set_tier") == [
        (
            "staff:the-manager",
            f"member:{number}",
            {"tier": "regular"},
            {"tier": "gold"},
            "老顾客",
        )
    ]
    assert "金卡" in clerk.get(f"/admin/members/{number}").text


@pytest.mark.parametrize(
    "fields",
    [
        {"tier": "platinum", "reason": "x"},
        {"tier": "", "reason": "x"},
        {"tier": "gold", "reason": ""},
        {"tier": "gold", "reason": "x" * 201},
    ],
)
def test_what_is_no_tier_or_has_no_reason_is_refused(
    app: Flask, number: str, fields: dict[str, Any]
) -> None:
    assert Clerk(app, "manager").post(path(number), **fields).status_code == 422
    assert tier() == "regular"
    assert acts_count() == 0


def test_who_may_not_moves_nobody(app: Flask, number: str) -> None:
    editor, manager = Clerk(app, "editor"), Clerk(app, "manager")
    assert editor.get(path(number)).status_code == 403
    assert editor.post(path(number), tier="gold", reason="x").status_code == 403
    assert manager.post(path(number), proof=False, tier="gold", reason="x").status_code == 403
    assert tier() == "regular"
