"""A wheel, members with points and chances, and short names for what the lottery's tests look at."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from lottery import audit as lottery_audit
from lottery import services
from lottery.chances import DRAW_CHANCE
from lottery.drawing import draw, draw_all, wish_for
from lottery.models import Draw, FairnessPeriod
from lottery.terms import PrizeTerms, WheelTerms
from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.models import Member
from miniprogram_api.repeats.records import Claim, Told
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger import posting
from points_mall.ledger.models import PointsAccount
from points_mall.ledger.reasons import declare
from points_mall.redemption import audit as redemption_audit
from points_mall.stock import audit as stock_audit
from tests.builders import shanghai

GIFT = declare("test_gift", "测试赠送", "Test gift", counterparty="test")
NOON = shanghai("2026-11-21 12:00")
JOINED = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)

THANKS = PrizeTerms("谢谢参与", "nothing", 0, code="thanks", is_consolation=True)


@pytest.fixture(autouse=True)
def _at_noon(request: pytest.FixtureRequest) -> None:
    if "app" in request.fixturenames:
        clock.set(NOON)


@pytest.fixture(autouse=True)
def _with_a_coupon(request: pytest.FixtureRequest) -> None:
    """The coupon that wheels of these tests promise."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        month = Validity(Span.DAYS, days=30)
        terms = CouponTerms(Kind.AMOUNT_OFF, month, amount_fen=1000, threshold_fen=5000)
        publish(Draft("full50", "满50减10", "Full 50", terms), actor="test")


def enrol(count: int = 1, joined_at: datetime = JOINED, first_number: int = 1) -> list[int]:
    """`count` members, by id."""
    with transaction() as session:
        members = [
            Member(member_no=f"{first_number + number:012d}", joined_at=joined_at)
            for number in range(count)
        ]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


def give_points(member: int, points: int, reference: str = "start", **more: Any) -> None:
    with transaction():
        posting.credit(member, points, reason=GIFT, reference=reference, **more)


def give_chances(
    member: int, count: int = 1, reference: str = "start", wheel: int | None = None, **more: Any
) -> None:
    item = None if wheel is None else str(wheel)
    with transaction():
        grant_all([Grant(member, DRAW_CHANCE, count, GIFT, reference, item, **more)])


def terms(*prizes: PrizeTerms, **more: Any) -> WheelTerms:
    """A wheel of these prizes, on which each member draws freely unless it says otherwise."""
    total = sum(prize.weight for prize in prizes)
    given: dict[str, Any] = {"free_draws_per_day": 1000, "weight_total": total, **more}
    return WheelTerms("测试转盘", NOON - timedelta(days=10), tuple(prizes), **given)


def wheel_of(*prizes: PrizeTerms, **more: Any) -> int:
    """Such a wheel, made; its id."""
    return services.create(terms(*prizes, **more))


def only(prize: PrizeTerms, **more: Any) -> int:
    """A wheel on which every draw falls on one prize."""
    return wheel_of(prize, THANKS, **more)


def points_prize(points: int, weight: int = 1, **more: Any) -> PrizeTerms:
    return PrizeTerms(f"{points}积分", "points", weight, points, **more)


def claim(member: int, key: str, wheel: int = 0) -> Claim:
    return Claim(f"member:{member}", key, f"draw on {wheel}")


def spin(member: int, wheel: int, key: str, nonce: str | None = "lucky-88") -> Told:
    return draw(wish_for(member, wheel, nonce, claim(member, key, wheel)))


def spins(member: int, wheel: int, count: int, first: int = 0) -> list[Any]:
    """The bodies of `count` draws, one after another."""
    keys = [f"key-{wheel}-{number:05d}" for number in range(first, first + count)]
    return [spin(member, wheel, key).answer.body for key in keys]


def spin_all(wanted: Sequence[tuple[int, int, str]]) -> list[Told | Exception]:
    """One group, of (member, wheel, key)."""
    return draw_all([wish_for(m, w, f"nonce-{key}", claim(m, key, w)) for m, w, key in wanted])


def refused(member: int, wheel: int, key: str = "refused-1") -> DomainError:
    """What a draw is refused with; nothing has moved."""
    with pytest.raises(DomainError) as caught:
        spin(member, wheel, key)
    return caught.value


def balance(member: int) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(PointsAccount.available).filter_by(member_id=member)) or 0


def draws_of(wheel: int) -> list[Draw]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Draw).filter_by(wheel_id=wheel).order_by(Draw.id)))


def period_of(wheel: int) -> FairnessPeriod:
    db.session.rollback()
    return db.session.scalars(
        sa.select(FairnessPeriod).filter_by(wheel_id=wheel).order_by(FairnessPeriod.day.desc())
    ).first()  # type: ignore[return-value]


def all_is_right() -> None:
    """The ledger, the stock, the orders and every draw are as they should be."""
    db.session.rollback()
    assert list(ledger_audit.findings(db.session())) == []
    db.session.rollback()
    assert list(stock_audit.differences()) == []
    assert list(redemption_audit.findings()) == []
    db.session.rollback()
    assert [str(one) for one in lottery_audit.findings(db.session())] == []
    db.session.rollback()
