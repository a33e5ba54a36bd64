"""A shop that is open at one in the afternoon, with a till and a cashier behind it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from points_mall.cashier import jobs as _jobs  # noqa: F401 - registers its work
from points_mall.cashier import member_routes, routes, till_routes
from points_mall.coupons import jobs as _coupon_jobs  # noqa: F401 - registers its work
from tests.builders import shanghai

from .desk import Desk, open_shop, person, signed_in


@pytest.fixture
def mall(app: Flask) -> Flask:
    """The application with the till's endpoints, at one in the afternoon."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    for blueprint in (routes.blp, till_routes.blp, member_routes.codes, member_routes.claims):
        if blueprint.name not in app.blueprints:
            api.register_blueprint(blueprint)
    clock.set(shanghai("2026-11-21 13:00"))
    open_shop()
    return app


@pytest.fixture
def shop(mall: Flask) -> FlaskClient:
    """A client of the application."""
    return mall.test_client()


@pytest.fixture
def desk(shop: FlaskClient) -> Desk:
    """Till T1 with a cashier of every store behind it."""
    return Desk(shop, signed_in(person("chen", "cashier")))


@pytest.fixture
def other_desk(shop: FlaskClient) -> Desk:
    """Till T2 with another cashier behind it."""
    return Desk(shop, signed_in(person("zhou", "cashier")), till="T2")


@pytest.fixture
def manager(shop: FlaskClient) -> Desk:
    """Till T9 with a manager behind it."""
    return Desk(shop, signed_in(person("li", "manager")), till="T9")
