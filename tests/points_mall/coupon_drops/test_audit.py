"""The proof that coupons and units of drops belong together finds what was tampered with."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.db import transaction
from points_mall.coupon_drops import audit
from points_mall.stock import audit as stock_audit
from tests.points_mall.coupon_drops.conftest import Held, coupons, running, shoppers, template


@pytest.fixture
def won(app: Flask, client: FlaskClient) -> Held:
    template()
    drop = running()
    for one in shoppers(client, 2):
        assert one.claim(drop).status_code == 201
    assert list(audit.findings()) == []
    return drop


def tamper(statement: str) -> None:
    with transaction() as session:
        session.execute(sa.text(statement))


def test_a_unit_whose_coupon_went_to_somebody_else_is_found(won: Held) -> None:
    first, second = coupons()
    tamper(f"UPDATE coupon SET member_id = {second.member_id} WHERE id = {first.id}")
    found = {(one.claim_no, one.coupons, one.units) for one in audit.findings()}
    assert found == {(first.reference, 0, 1), (first.reference, 1, 0)}


def test_a_coupon_whose_unit_is_free_again_is_found(won: Held) -> None:
    first, _ = coupons()
    tamper(
        "UPDATE stock_unit SET holder = NULL, member_id = NULL, nth = NULL"
        f" WHERE holder = '{first.reference}'"
    )
    [found] = audit.findings()
    assert str(found) == f"no pool: claim {first.reference}: 1 coupons, 0 units"


def test_stock_verify_tells_it(won: Held) -> None:
    stock_audit.register("coupon_drops", audit.findings)
    first, _ = coupons()
    tamper(f"UPDATE coupon SET reason = 'test' WHERE id = {first.id}")
    assert first.reference in " ".join(str(one) for one in stock_audit.everything())
