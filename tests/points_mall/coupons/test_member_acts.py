"""Coupons that staff give a member or make void: with an act each, within the template's limits."""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from miniprogram_api.core.db import db
from points_mall.coupons import audit
from points_mall.coupons.holding import held_by
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind, Limits
from points_mall.coupons.validity import Span, Validity
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import coupon_of, coupon_state, number_of, open_shop, shopper


@pytest.fixture
def number(app: Flask) -> str:
    """A member's number; the id is 1. There is a coupon to give, two a member at most."""
    open_shop()
    terms = CouponTerms(
        Kind.CASH, Validity(Span.DAYS, days=30), amount_fen=500, limits=Limits(per_member=2)
    )
    publish(Draft("sorry5", "道歉券", "Sorry", terms), actor="tests")
    return number_of(shopper())


def path(number: str) -> str:
    return f"/admin/members/{number}/coupons"


def key_of(clerk: Clerk, number: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f]{32})"', clerk.get(path(number)).text)
    assert found is not None
    return found[1]


def given(clerk: Clerk, number: str, **fields: Any) -> TestResponse:
    sent: dict[str, Any] = {"template": "sorry5", "count": "1", "reason": "出餐慢", **fields}
    sent.setdefault("key", key_of(clerk, number))
    return clerk.post(path(number), **sent)


def codes() -> list[str]:
    db.session.rollback()
    return [one.code for one in held_by(1)]


def test_a_coupon_is_given_with_its_act(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    answer = given(clerk, number)
    assert answer.location == f"/admin/members/{number}?tab=coupons&told=done"
    (code,) = codes()
    assert acts_of("coupon.give") == [
        (
            "staff:the-manager",
            f"member:{number}",
            {"coupons": []},
            {"template": "sorry5", "coupons": [code]},
            "出餐慢",
        )
    ]
    tab = clerk.get(f"/admin/members/{number}/tabs/coupons").text
    assert code in tab
    assert "道歉券" in tab
    assert list(audit.findings()) == []


def test_a_second_click_gives_nothing_more(app: Flask, number: str) -> None:
    clerk = Clerk(app, "manager")
    key = key_of(clerk, number)
    for _ in range(2):
        assert given(clerk, number, key=key).status_code == 303
    assert len(codes()) == 1
    assert len(acts_of("coupon.give")) == 1


def test_the_limit_of_the_template_holds(app: Flask, number: str) -> None:
    answer = given(Clerk(app, "manager"), number, count="3")
    assert answer.status_code == 409
    assert "已达到领取上限" in answer.text
    assert 'value="3"' in answer.text
    assert codes() == []
    assert acts_count() == 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"count": "0"}, 422),
        ({"count": "21"}, 422),
        ({"count": ""}, 422),
        ({"count": "two"}, 422),
        ({"reason": ""}, 422),
        ({"reason": "x" * 201}, 422),
        ({"key": "x"}, 422),
        ({"template": ""}, 422),
        ({"template": "unknown"}, 404),
    ],
)
def test_what_cannot_be_given_is_not(
    app: Flask, number: str, fields: dict[str, Any], status: int
) -> None:
    assert given(Clerk(app, "manager"), number, **fields).status_code == status
    assert codes() == []
    assert acts_count() == 0


def test_an_unused_coupon_is_made_void_with_its_act(app: Flask, number: str) -> None:
    code = coupon_of(1)
    clerk = Clerk(app, "manager")
    assert (
        f"/admin/member-coupons/{code}/void"
        in clerk.get(f"/admin/members/{number}/tabs/coupons").text
    )
    answer = clerk.post(f"/admin/member-coupons/{code}/void", reason="发错了")
    assert answer.location == f"/admin/members/{number}?tab=coupons&told=done"
    assert coupon_state(code) == "void"
    assert acts_of("coupon.void") == [
        (
            "staff:the-manager",
            f"member:{number}",
            {"coupon": code, "state": "unused"},
            {"coupon": code, "state": "void"},
            "发错了",
        )
    ]
    clerk.post(f"/admin/member-coupons/{code}/void", reason="again")
    assert len(acts_of("coupon.void")) == 1


def test_making_void_needs_a_reason_and_a_coupon(app: Flask, number: str) -> None:
    code = coupon_of(1)
    clerk = Clerk(app, "manager")
    answer = clerk.post(f"/admin/member-coupons/{code}/void", reason="")
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert coupon_state(code) == "unused"
    assert clerk.post("/admin/member-coupons/none/void", reason="x").status_code == 404


def test_an_editor_reads_and_gives_nothing(app: Flask, number: str) -> None:
    code = coupon_of(1)
    clerk = Clerk(app, "editor")
    tab = clerk.get(f"/admin/members/{number}/tabs/coupons")
    assert code in tab.text
    assert "/void" not in tab.text
    assert clerk.get(path(number)).status_code == 403
    assert clerk.post(path(number), template="sorry5").status_code == 403
    assert clerk.post(f"/admin/member-coupons/{code}/void", reason="x").status_code == 403
    assert coupon_state(code) == "unused"


def test_forms_without_the_pages_proof_do_nothing(app: Flask, number: str) -> None:
    code = coupon_of(1)
    clerk = Clerk(app, "manager")
    for address in (path(number), f"/admin/member-coupons/{code}/void"):
        assert clerk.post(address, proof=False, reason="x").status_code == 403
    assert coupon_state(code) == "unused"
