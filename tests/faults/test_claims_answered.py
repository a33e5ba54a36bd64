"""What was decided is answered, even if the connection breaks between the commit and the answer."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, Response

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.core.db import db
from points_mall.flash_sale import sales
from points_mall.flash_sale.models import FlashSaleItem
from tests.conftest import TEST_SETTINGS, _make_tables
from tests.crowds.people import Person, people
from tests.services.proxy import NONE, Fault

from .sale_day import PRICE, Database, on_sale, orders_of, postgresql_database
from .sweeping_up import assert_books_are_clean

pytestmark = pytest.mark.slow


@pytest.fixture
def behind_a_wire() -> Iterator[Database]:
    with postgresql_database(_make_tables) as made:
        yield made


@pytest.fixture
def app(behind_a_wire: Database, redis_server: str) -> Iterator[Flask]:
    """A shop that reaches its database through a wire."""
    app = create_app(
        {
            **TEST_SETTINGS,
            "DATABASE_URL": behind_a_wire.served,
            "REDIS_URL": redis_server,
            "SOLD_OUT_MEMORY_SECONDS": 60.0,
        }
    )
    yield app
    with app.app_context():
        revocation.stop(app)
        db.engine.dispose()
    app.extensions["redis_client"].flushall()
    app.extensions["redis_client"].close()


def claim(app: Flask, item: FlashSaleItem, person: Person) -> Any:
    return app.test_client().post(
        f"/api/v1/flash-sales/{item.sale_id}/claims",
        json={"item_id": str(item.id)},
        headers={
            "Authorization": f"Bearer {person.token}",
            "Idempotency-Key": f"claim-of-{person.member_id}",
        },
    )


def test_an_order_is_told_of_although_the_connection_breaks_after_it(
    app: Flask, behind_a_wire: Database
) -> None:
    wire = behind_a_wire.wire
    assert wire is not None

    @app.after_request
    def break_the_wire(response: Response) -> Response:
        db.session.execute(sa.text("SELECT 1"))  # a read that is open when the request ends
        wire.cut()
        time.sleep(0.1)
        return response

    with app.app_context():
        [person], item = people(1, PRICE), on_sale()
    answer = claim(app, item, person)
    assert answer.status_code == 201
    with app.app_context():
        assert list(orders_of(item)) == [answer.get_json()["order_no"]]
        assert_books_are_clean()
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_database_out_of_reach_is_told_as_a_problem_even_at_the_door(
    app: Flask, behind_a_wire: Database
) -> None:
    wire = behind_a_wire.wire
    assert wire is not None
    with app.app_context():
        crowd, item = people(2, PRICE), on_sale(stock=1)
    words = [claim(app, item, one).get_json().get("code") for one in crowd]
    assert words == [None, "sold_out"]
    with app.app_context():
        sales.forget_cached()  # the next one must ask the database what is on sale
    wire.fault = Fault(down=True)
    wire.cut()
    answer = claim(app, item, crowd[1])
    wire.fault = NONE
    assert (answer.status_code, answer.get_json()["code"]) == (503, "try_later")
    assert claim(app, item, crowd[1]).get_json()["code"] == "sold_out"
