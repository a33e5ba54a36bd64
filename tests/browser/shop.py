"""A shop with a counter, served on a loopback port: what the browser opens."""

import contextlib
import functools
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import blind_index, seal
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.accounts import last4_index, phone_place
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import new_member_no
from miniprogram_api.staff import accounts, passwords
from miniprogram_api.staff.guards import COOKIE
from miniprogram_api.staff.models import Staff
from miniprogram_api.staff.sessions import open_session
from points_mall.cashier import issuing
from points_mall.catalogue import services as catalogue
from points_mall.catalogue.terms import NewVariant, RewardTerms
from points_mall.coupons.issuing import Issue, issue
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.earning import rule_book
from points_mall.earning.terms import Rate, Terms
from points_mall.ledger import posting
from points_mall.ledger.reasons import declare
from points_mall.ledger.statements import balances
from points_mall.tiers.services import set_tier
from points_mall.wallet import posting as wallet
from points_mall.wallet.reasons import TOP_UP
from tests.builders import bearer

PASSWORD = "three blue umbrellas"
MONTH = Validity(Span.DAYS, days=30)
START = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
_numbers = itertools.count(1)
_hashed = functools.cache(passwords.hashed)  # all have one password, and a hash takes long


class Quiet(WSGIRequestHandler):
    """Our own log tells of every request already."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@dataclass
class Shop:
    """The shop, and the people who work and buy there."""

    app: Flask
    port: int = 0
    _server: BaseWSGIServer | None = field(default=None, repr=False)
    _under_way: int = 0
    _idle: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Answer calls; after `close`, at the same address as before."""
        self._server = make_server(
            "127.0.0.1", self.port, self._answer, threaded=True, request_handler=Quiet
        )
        self.port = self._server.port
        serve = functools.partial(self._server.serve_forever, poll_interval=0.05)
        threading.Thread(target=serve, daemon=True).start()

    def close(self) -> None:
        """The line is down: nobody answers, once what is under way was answered."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        with self._idle:
            self._server = None
            assert self._idle.wait_for(lambda: not self._under_way, 20), "a call does not end"

    def _answer(self, environ: Any, start_response: Any) -> Any:
        """Answer a call while the line is up; the server's threads outlive the server."""
        with self._idle:
            if self._server is None:
                raise ConnectionAbortedError("the line went down")
            self._under_way += 1
        try:
            return self.app(environ, start_response)
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def hire(self, username: str, role: str, name: str) -> None:
        with mock.patch.object(passwords, "hashed", _hashed):
            accounts.add(username, PASSWORD, role, name=name)

    def earns_a_point_a_yuan(self) -> None:
        rule_book.publish(Terms(rate=Rate(1, 100)))

    def code_of(self, member_id: int) -> str:
        """The live code on a member's phone."""
        return issuing.issue(member_id).code

    def call(self, member_id: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A call of the member's own phone."""
        key = {"Idempotency-Key": f"a-key-of-the-browser-tests-{next(_numbers)}"}
        client = self.app.test_client()
        answer = client.post(f"/api/v1{path}", json=body, headers=bearer(member_id) | key)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())


@contextlib.contextmanager
def open_shop(app: Flask) -> Iterator[Shop]:
    """An open shop with a cashier, 小陈, and a manager, 李店长; a yuan earns a point."""
    shop = Shop(app)
    shop.hire("chen", "cashier", "小陈")
    shop.hire("li", "manager", "李店长")
    shop.earns_a_point_a_yuan()
    shop.open()
    try:
        yield shop
    finally:
        shop.close()


def seat(page: Page, address: str, username: str) -> None:
    """Give a browser the cookie of somebody who signed in; the form has tests of its own."""
    with transaction() as session:
        staff_id = session.scalars(sa.select(Staff.id).filter_by(username=username)).one()
        token = open_session(staff_id, "browser").token
    page.context.add_cookies(
        [
            {
                "name": COOKIE,
                "value": token,
                "url": address,
                "httpOnly": True,
                "sameSite": "Strict",
            }
        ]
    )


def member(
    *,
    points: int = 0,
    wallet_fen: int = 0,
    tier: str | None = None,
    nickname: str = "张小华",
    phone: str = "13812345991",
) -> int:
    """Somebody who buys, by id."""
    with transaction() as session:
        person = Member(
            member_no=new_member_no(),
            nickname=nickname,
            nickname_checked=True,
            joined_at=now(),
        )
        session.add(person)
        session.flush()  # what is sealed is bound to its number
        person.phone_sealed = seal(phone, phone_place(person.id))
        person.phone_index = blind_index(f"{person.id}:{phone}", "member.phone")
        person.phone_last4_index = last4_index(phone)
        if points:
            posting.credit(person.id, points, reason=START, reference="start")
        if wallet_fen:
            wallet.credit(person.id, wallet_fen, reason=TOP_UP, reference="start")
        member_id = person.id
    if tier:
        set_tier(member_id, tier)
    return member_id


def coupon(member_id: int, title: str, amount_fen: int, threshold_fen: int = 0) -> str:
    """A coupon of a member's: so much off from a threshold on; its code."""
    name = f"template-{next(_numbers)}"
    terms = CouponTerms(Kind.AMOUNT_OFF, MONTH, amount_fen=amount_fen, threshold_fen=threshold_fen)
    publish(Draft(name, title, title, terms), actor="test")
    with transaction():
        (answer,) = issue([Issue(member_id, name, reason="test", reference=name, count=1)])
    assert not isinstance(answer, DomainError)
    return answer.codes[0]


def points_of(member_id: int) -> int:
    """What a member can spend now."""
    db.session.rollback()  # what was read before is another moment's
    return balances(member_id)["available"]


def mug(points: int = 800) -> int:
    """A reward that waits at the counter, by id."""
    return catalogue.publish(
        RewardTerms("马克杯", points=points, fulfilment="pickup"), [NewVariant(stock=5)]
    )
