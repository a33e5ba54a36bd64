"""A shop with tills: who works there, who shops there, and short words for what they do."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.crypto import blind_index, seal
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.accounts import last4_index, phone_place
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import new_member_no
from miniprogram_api.staff.models import Staff, StaffAct
from miniprogram_api.staff.sessions import open_session
from points_mall.cashier import issuing
from points_mall.cashier.models import PosQuote, Scan, TillRefund, TillSale
from points_mall.coupons.issuing import Issue, issue
from points_mall.coupons.models import Coupon
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind, Stacking
from points_mall.coupons.validity import Span, Validity
from points_mall.earning import rule_book
from points_mall.earning.terms import Rate, Terms
from points_mall.ledger import posting
from points_mall.tiers import publishing
from points_mall.tiers.services import set_tier
from points_mall.tiers.steps import Benefits, Tier
from points_mall.tiers.terms import Basis
from points_mall.tiers.terms import Terms as LadderTerms
from points_mall.wallet import posting as wallet
from points_mall.wallet.reasons import ADJUSTMENT as WALLET_GIFT
from tests.points_mall.purchases.shop import GIFT, OPENING, moved

_keys = itertools.count(1)


def open_shop() -> None:
    """One point a yuan; a gold card takes 5 percent off and earns half as much again."""
    rule_book.publish(Terms(rate=Rate(1, 100)), OPENING)
    publishing.publish(
        LadderTerms(
            basis=Basis.AMOUNT,
            window_months=12,
            keep_months=12,
            grace_days=0,
            tiers=(
                _tier("regular", "普通会员", 0, 0, 0, Benefits()),
                _tier("gold", "金卡", 1, 200_000_00, 200_000_00, GOLD),
                _tier("diamond", "钻石卡", 2, 500_000_00, 500_000_00, DIAMOND),
            ),
        ),
        today(),
    )


GOLD = Benefits(discount_bp=500, points_multiplier_bp=15_000)
DIAMOND = Benefits(discount_bp=1200, points_multiplier_bp=20_000)


def _tier(code: str, name: str, rank: int, entry: int, keep: int, benefits: Benefits) -> Tier:
    return Tier(code, rank, name, code.title(), name, code.title(), entry, keep, benefits)


def shopper(
    *,
    nickname: str | None = "张爱华",
    phone: str | None = "+8613800135991",
    tier: str | None = None,
    points: int = 0,
    principal_fen: int = 0,
) -> int:
    """A member, by id."""
    with transaction() as session:
        member = Member(
            member_no=new_member_no(), nickname=nickname, nickname_checked=True, joined_at=OPENING
        )
        session.add(member)
        session.flush()  # its phone is sealed for its id
        if phone:
            member.phone_sealed = seal(phone, phone_place(member.id))
            member.phone_index = blind_index(phone, "member.phone")
            member.phone_last4_index = last4_index(phone)
        member_id = member.id
        posting.lock_accounts([member_id])
        if points:
            posting.credit(member_id, points, reason=GIFT, reference="start")
        if principal_fen:
            wallet.credit(member_id, principal_fen, 0, reason=WALLET_GIFT, reference="start")
    if tier:
        set_tier(member_id, tier)
    return member_id


def number_of(member_id: int) -> str:
    return db.session.execute(sa.select(Member.member_no).filter_by(id=member_id)).scalar_one()


def live_code(member_id: int) -> str:
    """What the member's phone shows."""
    return issuing.issue(member_id).code


def coupon_of(member_id: int, code: str = "min15", *, off_fen: int = 1500, **terms: Any) -> str:
    """A coupon of the member's; its number."""
    values = {"threshold_fen": 10000, "stacking": Stacking(with_others=True), **terms}
    whole = CouponTerms(Kind.AMOUNT_OFF, Validity(Span.DAYS, days=30), amount_fen=off_fen, **values)
    publish(Draft(code, f"券{code}", f"Coupon {code}", whole), actor="tests")
    with transaction():
        (issued,) = issue([Issue(member_id, code, "test", f"{code}-{member_id}")])
    assert not isinstance(issued, Exception)
    return issued.codes[0]


def coupon_state(code: str) -> str:
    db.session.rollback()
    return db.session.execute(sa.select(Coupon.state).filter_by(code=code)).scalar_one()


@dataclass
class Desk:
    """A till with somebody behind it."""

    client: FlaskClient
    headers: dict[str, str]
    till: str | None = "T1"
    language: str = "zh-CN"
    sold: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, str]:
        till = {"X-Till": self.till} if self.till else {}
        return {**self.headers, **till, "Accept-Language": self.language}

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1/pos{path}", headers=self.told)

    def post(self, path: str, body: Any = None, key: str | None = None) -> TestResponse:
        headers = {**self.told, "Idempotency-Key": key or f"desk-key-{next(_keys):08d}"}
        return self.client.post(f"/api/v1/pos{path}", json=body, headers=headers)

    def scan(self, code: str) -> TestResponse:
        return self.post("/scans", {"code": code})

    def scanned(self, member_id: int) -> str:
        """The scan of a member's live code, by number."""
        answer = self.scan(live_code(member_id))
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["scan_id"])

    def quote(self, amount_fen: int | None = None, **asked: Any) -> TestResponse:
        amount = {} if amount_fen is None else {"amount_fen": amount_fen}
        return self.post("/quotes", {**amount, **asked})

    def quoted(self, amount_fen: int | None = None, **asked: Any) -> dict[str, Any]:
        answer = self.quote(amount_fen, **asked)
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def sell(self, quote_id: str, receipt_no: str, key: str | None = None, **more: Any) -> Any:
        return self.post("/sales", {"quote_id": quote_id, "receipt_no": receipt_no, **more}, key)

    def sale(self, member_id: int | None, amount_fen: int, receipt_no: str, **asked: Any) -> Any:
        """The whole story of a sale, which succeeds."""
        if member_id is not None:
            asked["scan_id"] = self.scanned(member_id)
        quote = self.quoted(amount_fen, **asked)
        answer = self.sell(quote["quote_id"], receipt_no)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def refund(self, sale_no: str, key: str | None = None, **wanted: Any) -> TestResponse:
        body = {"reason": "顾客退货", **wanted}
        return self.post(f"/sales/{sale_no}/refunds", body, key)


def person(username: str, role: str, store: str | None = None) -> int:
    """Somebody who works here and never types a password."""
    with transaction() as session:
        row = Staff(
            username=username,
            name=f"小{username}",
            role=role,
            store=store,
            password_hash="none",
            joined_at=now(),
        )
        session.add(row)
        session.flush()  # its number is the answer
        return row.id


def signed_in(staff_id: int) -> dict[str, str]:
    with transaction():
        return {"Authorization": f"Bearer {open_session(staff_id, 'test').token}"}


def everything() -> dict[str, Any]:
    """Everything that a sale, a refund or a scan can move, but for the acts of looking."""
    found = moved()
    for model in (TillSale, TillRefund):
        found[model.__name__] = db.session.scalar(sa.select(sa.func.count(model.id)))
    used = sa.select(sa.func.count(Scan.id)).where(Scan.used_at.is_not(None))
    found["scans used"] = db.session.scalar(used)
    found["coupons"] = sorted(map(tuple, db.session.execute(sa.select(Coupon.code, Coupon.state))))
    return found


def quotes_kept() -> int:
    return int(db.session.scalar(sa.select(sa.func.count(PosQuote.id))) or 0)


def acts(act: str) -> list[tuple[str, str]]:
    """Who did that, to what."""
    db.session.rollback()
    query = sa.select(StaffAct.actor, StaffAct.subject).filter_by(act=act).order_by(StaffAct.id)
    return [(row.actor, row.subject) for row in db.session.execute(query)]
