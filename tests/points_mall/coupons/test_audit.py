"""The audit finds what was planted, and nothing in what the shop itself has done."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import db, transaction
from points_mall.coupons import audit, gifts
from points_mall.coupons.holding import Lock, Use, lock, use
from points_mall.coupons.restoring import Restoration, restore
from points_mall.coupons.terms import Policy, Restore

from .conftest import enrol, give, template

PLANTED = {
    "used without a history": (
        "UPDATE coupon SET state = 'used', used_for = 'purchase:X', took_fen = 1 WHERE id = 1",
        "it is used, its history says unused",
    ),
    "free again after its use": (
        "UPDATE coupon SET state = 'unused', used_for = NULL, took_fen = NULL WHERE id = 2",
        "it is unused, its history says used",
    ),
    "used for another bill": (
        "UPDATE coupon SET used_for = 'purchase:X' WHERE id = 2",
        "it is used for purchase:X, its history says purchase:P1",
    ),
    "locked for another bill": (
        "UPDATE coupon SET locked_for = 'purchase:X' WHERE id = 3",
        "it is locked for purchase:X, its history says purchase:P2",
    ),
    "took more": ("UPDATE coupon SET took_fen = 499 WHERE id = 2", "it took 499 and gave back 0"),
    "gave back more": ("UPDATE coupon SET restored_fen = 9 WHERE id = 4", "gave back 9, not 500"),
    "better terms": (
        "UPDATE coupon SET terms = replace(terms, '500', '900') WHERE id = 1",
        "its terms are not those of its version",
    ),
    "another version": ("UPDATE coupon SET version = 7 WHERE id = 1", "no such version"),
    "another number": ("UPDATE coupon SET code = '123' WHERE id = 1", "its number is none of ours"),
    "a gift that is not locked": (
        "UPDATE coupon SET state = 'unused', locked_for = NULL WHERE id = 5",
        "is open, and the coupon is not locked for it",
    ),
    "used twice": (
        (
            "INSERT INTO coupon_event (coupon_id, happened, reference, actor, at)"
            " SELECT 2, 'used', 'purchase:P1', 'x', at FROM coupon_event WHERE id = 1"
        ),
        "it was used while used",
    ),
    "a code for nothing": (
        (
            "INSERT INTO coupon_outside_code"
            " (template_id, purpose, code, batch, imported_at, taken_by, taken_at)"
            " SELECT 1, 'redeem', 'ABC', 'b', issued_at, 1, issued_at FROM coupon WHERE id = 1"
        ),
        "it was taken, and brought no coupon",
    ),
}


@pytest.fixture
def member(app: Flask) -> int:
    """A member with a coupon in every state: 1 unused, 2 used, 3 locked, 4 shared, 5 offered."""
    template(giftable=True, restore=Restore(Policy.BY_SHARE))
    (member,) = enrol()
    _unused, used, locked, shared, offered = give(member, count=5)
    with transaction():
        use([Use(member, used, "purchase:P1", 500), Use(member, shared, "purchase:P3", 500)])
        lock([Lock(member, locked, "purchase:P2")])
        restore([Restoration("purchase:P3", 1, 2, "refund:1")])
        restore([Restoration("purchase:P3", 2, 2, "refund:2")])
    gifts.offer(member, offered)
    return member


def test_an_honest_shop_has_no_findings(member: int) -> None:
    assert list(audit.findings()) == []


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_is_found(member: int, name: str) -> None:
    statement, expected = PLANTED[name]
    with transaction() as session:
        session.execute(sa.text(statement))
    found = [str(one) for one in audit.findings()]
    assert any(expected in one for one in found), found
    db.session.rollback()
