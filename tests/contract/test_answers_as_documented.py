"""Every operation, with all that its document allows and much that it does not.

What comes back must be documented, whatever was sent: the status, the media type, the headers, the
shape, the problem's code; and never a 5xx. `CONTRACT_EXAMPLES=2000` looks longer, and elsewhere each
time.
"""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app import create_app
from miniprogram_api.auth import revocation
from miniprogram_api.core.db import db, transaction
from miniprogram_api.staff import accounts
from miniprogram_api.staff import sessions as staff_sessions
from miniprogram_api.staff.models import Staff
from tests.builders import bearer, enrolled_member
from tests.conftest import TEST_SETTINGS
from tests.services import wechat
from tests.services.wechat import Simulator

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "20"))
NO_LIMITS: dict[str, object] = {
    "LOGIN_ADDRESS_PER_SECOND": 0,
    "LOGIN_OPENID_PER_MINUTE": 0,
    "MEMBER_POSTS_PER_SECOND": 0,
}

# The login code may be left out, but only behind WeChat Cloud Run, which says who calls. A bill and a
# refund are told by amount or by line. Who signs at a till gives a PIN or a password. A moment may have the form of one and lie on no calendar.
CONDITIONAL = {
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/pos/quotes"),
    ("POST", "/api/v1/pos/offline-sales"),
    ("POST", "/api/v1/pos/sales/{sale_no}/refunds"),
    ("POST", "/api/v1/pos/approvals"),
    ("POST", "/api/v1/staff/sessions/current/unlock"),
}

_members = count(1)


SOMEBODY, OWNER = "Bearer somebody", "Bearer the owner"


class Door:
    """Leads to the application of the day: the document is read before there is a database.

    Whoever says to be somebody becomes a new member on the way: the last one may just have closed
    the account. Whoever says to be the owner gets a session of one.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") == SOMEBODY:
            with self.app.app_context():
                member_id = enrolled_member(f"oSomebody-{next(_members):018}")
                environ["HTTP_AUTHORIZATION"] = bearer(member_id)["Authorization"]
        if environ.get("HTTP_AUTHORIZATION") == OWNER:
            with self.app.app_context():
                environ["HTTP_AUTHORIZATION"] = f"Bearer {owners_token()}"
        return self.app(environ, start_response)


def owners_token() -> str:
    """Of a new session: the last one may just have been ended."""
    if not accounts.exists("owner"):
        accounts.add("owner", "three blue umbrellas", "owner")
    with transaction() as session:
        owner = session.scalars(sa.select(Staff.id).filter_by(username="owner")).one()
        return staff_sessions.open_session(owner, "other").token


door = Door(create_app(TEST_SETTINGS))
schema = schemathesis.openapi.from_wsgi("/openapi.json", door)


@pytest.fixture(scope="module")
def wechat_once() -> Iterator[Simulator]:
    """One WeChat for all examples."""
    with wechat.running(str(TEST_SETTINGS["WX_APPID"]), str(TEST_SETTINGS["WX_SECRET"])) as running:
        yield running


@pytest.fixture(scope="module")
def mall(
    sqlite_template: Path,
    redis_server: str,
    wechat_once: Simulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """One application for all examples."""
    folder = tmp_path_factory.mktemp("contract")
    shutil.copy(sqlite_template, folder / "mall.db")
    addresses: dict[str, object] = {
        "DATABASE_URL": f"sqlite:///{folder / 'mall.db'}",
        "REDIS_URL": redis_server,
        "WX_OPEN_BASE": wechat_once.url,
        **wechat_once.pay_settings(),
    }
    app = door.app = create_app({**TEST_SETTINGS, **NO_LIMITS, **addresses})
    yield app
    with app.app_context():
        revocation.stop(app)
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis_client"].close()


@schema.auth()
class Somebody:
    """Signs in where an operation asks for it."""

    def get(self, _case: schemathesis.Case[Any], _context: object) -> str:
        return SOMEBODY

    def set(self, case: schemathesis.Case[Any], token: str, _context: object) -> None:
        asked = case.operation.definition.raw.get("security")
        if asked:
            case.headers["Authorization"] = OWNER if "staff" in asked[0] else token


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="CONTRACT_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_documented(case: schemathesis.Case[Any], mall: Flask) -> None:
    answer = case.call()
    # A value that has the right form and still breaks a rule of the shop says which rule; what a till
    # asks for was there for a few minutes, if ever.
    breaks_a_rule = answer.status_code == 410 or (
        answer.status_code == 422 and answer.json()["code"] != "validation_failed"
    )
    is_excused = breaks_a_rule or (case.method, case.path) in CONDITIONAL
    case.validate_response(answer, excluded_checks=[positive_data_acceptance] if is_excused else [])
