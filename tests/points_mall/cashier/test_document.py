"""What the document says of the till's endpoints."""

from typing import Any

import pytest
from flask import Flask

from points_mall.cashier import scan_schemas, schemas

from .desk import Desk, shopper
from .test_receipts import claim


@pytest.fixture
def paths(mall: Flask) -> dict[str, Any]:
    return dict(mall.test_client().get("/openapi.json").get_json()["paths"])


def parameters(operation: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["in"], one["name"]) for one in operation["parameters"]}


def test_a_list_documents_its_filters_and_the_till(paths: dict[str, Any]) -> None:
    assert parameters(paths["/api/v1/pos/sales"]["get"]) == {
        ("header", "X-Till"),
        ("query", "member"),
        ("query", "receipt_no"),
        ("query", "sale_no"),
        ("query", "receipt_code"),
        ("query", "limit"),
        ("query", "cursor"),
    }


def test_a_sale_documents_its_key_and_every_refusal(paths: dict[str, Any]) -> None:
    sale = paths["/api/v1/pos/sales"]["post"]
    assert parameters(sale) == {("header", "X-Till"), ("header", "Idempotency-Key")}
    assert {"201", "400", "401", "403", "404", "409", "410", "422", "429", "503"} <= set(
        sale["responses"]
    )


def test_registering_a_till_needs_no_till(paths: dict[str, Any]) -> None:
    assert "parameters" not in paths["/api/v1/pos/tills"]["post"]


def test_what_is_kept_for_repeats_has_the_documented_form(desk: Desk) -> None:
    member = shopper(points=100)
    sold, to_nobody = desk.sale(member, 5000, "R-1"), desk.sale(None, 700, "R-2")
    back = desk.refund(sold["sale_no"], amount_fen=100).get_json()
    back_of_nobody = desk.refund(to_nobody["sale_no"], amount_fen=100).get_json()
    claimed = claim(desk, member, to_nobody["receipt_code"]).get_json()
    for answer, schema in (
        (sold, schemas.SoldSchema),
        (to_nobody, schemas.SoldSchema),
        (back, schemas.TillRefundSchema),
        (back_of_nobody, schemas.TillRefundSchema),
        (claimed, scan_schemas.ReceiptClaimedSchema),
    ):
        assert set(answer) == set(schema().fields)
