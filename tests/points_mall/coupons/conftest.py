"""Members, templates and coupons, and short names for what these tests look at."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import Member
from miniprogram_api.messaging import kinds as message_kinds
from points_mall.coupons import audit, jobs  # noqa: F401 - registers its work
from points_mall.coupons.granting import COUPONS
from points_mall.coupons.history import events
from points_mall.coupons.issuing import Issue, Issued, issue
from points_mall.coupons.models import Coupon
from points_mall.coupons.reminders import COUPON_ENDING
from points_mall.coupons.templates import Draft, Template, publish
from points_mall.coupons.terms import CouponTerms, Kind, Stacking
from points_mall.coupons.validity import Span, Validity
from points_mall.grants import kinds
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger import posting
from points_mall.ledger.models import PointsAccount
from points_mall.ledger.reasons import declare
from tests.builders import shanghai

NOON = shanghai("2026-11-21 12:00")
MONTH = Validity(Span.DAYS, days=30)
START = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _joined(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coupons join as `app.py` joins them."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
    monkeypatch.setitem(kinds._kinds, COUPONS.code, COUPONS)
    message_kinds.register(COUPON_ENDING)


@pytest.fixture(autouse=True)
def _at_noon() -> None:
    clock.set(NOON)


@pytest.fixture
def all_is_right(app: Flask) -> Iterator[None]:
    """At the end, every coupon and every account is as its history says."""
    yield
    assert list(audit.findings()) == []
    assert list(ledger_audit.findings(db.session())) == []


def enrol(count: int = 1, points: int = 0, **facts: Any) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        found = session.scalar(sa.select(sa.func.count(Member.id))) or 0
        members = [
            Member(**{"member_no": f"{found + number:012d}", "joined_at": now(), **facts})
            for number in range(count)
        ]
        session.add_all(members)
        session.flush()  # the ids are the answer
        ids = [member.id for member in members]
        for member_id in ids if points else []:
            posting.credit(member_id, points, reason=START, reference="start")
    return ids


def template(code: str = "five", kind: Kind = Kind.CASH, **terms: Any) -> Template:
    """A published template: five yuan for a month, unless told otherwise."""
    title = terms.pop("title", "五元券")
    values: dict[str, Any] = {"kind": kind, "validity": MONTH}
    if kind in {Kind.CASH, Kind.AMOUNT_OFF}:
        values["amount_fen"] = 500
    values |= {"stacking": Stacking(with_others=True, itself=3)}
    draft = Draft(code, title, "Five yuan", CouponTerms(**{**values, **terms}))
    return publish(draft, actor="test")


def give(member_id: int, code: str = "five", count: int = 1, **facts: Any) -> list[str]:
    """Coupons that a member just got, by number."""
    values = {"reason": "test", "reference": f"r{next(_numbers)}", "count": count, **facts}
    with transaction():
        (answer,) = issue([Issue(member_id, code, **values)])
    if isinstance(answer, DomainError):
        raise answer
    return list(answer.codes)


def issue_all(*issues: Issue) -> list[Issued | DomainError]:
    with transaction():
        return issue(issues)


def coupon(code: str) -> Coupon:
    """A coupon as it is stored now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(sa.select(Coupon).filter_by(code=code)).one()


def state(code: str) -> str:
    return coupon(code).state


def coupons_of(member_id: int) -> list[Coupon]:
    db.session.rollback()
    db.session.expire_all()
    query = sa.select(Coupon).filter_by(member_id=member_id).order_by(Coupon.id)
    return list(db.session.scalars(query))


def history(code: str) -> list[str]:
    """What happened to a coupon, in order."""
    query = sa.select(events.c.happened).where(events.c.coupon_id == coupon(code).id)
    return list(db.session.scalars(query.order_by(events.c.id)))


def balance(member_id: int) -> int:
    db.session.rollback()
    query = sa.select(PointsAccount.available).filter_by(member_id=member_id)
    return db.session.scalar(query) or 0


def count(table: Any) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
