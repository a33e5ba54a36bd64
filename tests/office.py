"""A clerk of the back office, without a browser: signed in by cookie, sending the page's proof along."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.staff.guards import COOKIE, CSRF_FIELD
from miniprogram_api.staff.models import Staff, StaffAct
from miniprogram_api.staff.sessions import csrf_of, open_session


@dataclass
class Clerk:
    """Somebody of a role at a desk; `clerk.get("/admin/…")`, `clerk.post("/admin/…", name="…")`."""

    app: Flask
    role: str = "manager"
    username: str = ""
    lang: str = "zh"
    client: FlaskClient = field(init=False, repr=False)
    token: str = field(init=False, repr=False)
    staff_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.username = self.username or f"the-{self.role}"
        self.staff_id = hired(self.username, self.role)
        self.client = self.app.test_client()
        with transaction():
            self.token = open_session(self.staff_id, "test").token
        self.client.set_cookie(COOKIE, self.token)
        self.client.set_cookie("lang", self.lang)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers, buffered=True)

    def post(self, path: str, *, proof: Any = True, **fields: Any) -> TestResponse:
        """Send a form; a field may be a file as `(io.BytesIO(…), "name.csv")`."""
        kept = {CSRF_FIELD: csrf_of(self.token)} if proof else {}
        return self.client.post(path, data={**kept, **fields}, buffered=True)


def hired(username: str, role: str) -> int:
    """Somebody who works here and never types a password; the same again is the same."""
    with transaction() as session:
        known = session.scalar(sa.select(Staff.id).filter_by(username=username))
        if known is not None:
            return known
        row = Staff(
            username=username, name=username, role=role, password_hash="none", joined_at=now()
        )
        session.add(row)
        session.flush()  # its number is the answer
        return row.id


def acts_of(act: str) -> list[tuple[str, str, Any, Any, str | None]]:
    """What was written of an act, the first one first: who, to what, before, after, why."""
    db.session.rollback()
    query = sa.select(StaffAct).filter_by(act=act).order_by(StaffAct.id)
    return [
        (row.actor, row.subject, row.before, row.after, row.reason)
        for row in db.session.scalars(query)
    ]


def acts_count() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count(StaffAct.id))) or 0
