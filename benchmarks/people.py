"""Who and what a benchmark needs in the shop: members with points, a crowd, pools."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar, cast

import sqlalchemy as sa

from checkin.models import CheckIn
from lottery import services as lottery
from lottery.terms import PrizeTerms, WheelTerms
from miniprogram_api.auth import tokens
from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, to_day
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from points_mall.coupon_drops import plans
from points_mall.coupon_drops.models import CouponDrop
from points_mall.coupon_drops.plans import PlanTerms
from points_mall.coupon_drops.schedule import Schedule
from points_mall.coupons.templates import Draft, publish
from points_mall.coupons.terms import CouponTerms, Kind
from points_mall.coupons.validity import Span, Validity
from points_mall.flash_sale import services as flash_sale
from points_mall.flash_sale.models import FlashSaleItem
from points_mall.flash_sale.terms import ItemTerms, SaleTerms, Slot
from points_mall.ledger import posting
from points_mall.ledger.movements import Credit, Debit, Movement
from points_mall.ledger.reasons import ADJUSTMENT
from points_mall.stock import pools, rebuilding
from points_mall.stock.units import Ownership, own

Item = TypeVar("Item")

PLENTY = 10_000_000
POINTS = 10
STEP = 1000
_MEMBERS = cast(sa.Table, Member.__table__)
_CHECK_INS = cast(sa.Table, CheckIn.__table__)


@dataclass(frozen=True)
class People:
    """Members by what they do: spend and read again and again, or check in once."""

    regulars: list[int]
    crowd: list[int]


@dataclass(frozen=True)
class Sale:
    """A running flash sale: an item that is won, with its pool, and one that is gone."""

    id: int
    winning_item: int
    winning_pool: int
    sold_out_item: int


def gathered(regulars: int, crowd: int) -> People:
    """Enrol them: regulars with two lots and a dozen entries, the crowd with two days' check-ins."""
    ids = _enrolled(regulars + crowd)
    people = People(ids[:regulars], ids[regulars:])
    for some in _steps(people.regulars):
        _post_history(some)
    for some in _steps(people.crowd):
        _check_in_before(some)
    analyse()
    return people


def token_of(member_id: int) -> str:
    """An access token of a session that nobody has ended."""
    issued = int(now().timestamp() * 1000)
    return tokens.sign(tokens.AccessToken(member_id, 1, issued, issued + 7_200_000))


def published(code: str, count: int) -> int:
    """A pool with so many free units, loaded in Redis."""
    with transaction():
        pool_id = pools.publish(code, count)
    rebuilding.load(pool_id)
    return pool_id


def sale(winning: int) -> Sale:
    """A running sale of an item with so many units, and of one whose only unit has an owner."""
    moment = now()
    slot = Slot(moment, moment + timedelta(hours=6))
    items = (
        ItemTerms("Plenty", POINTS, winning, allowance=None),
        ItemTerms("Gone", POINTS, 1, allowance=None),
    )
    (sale_id,) = flash_sale.create(SaleTerms("Bench", (slot,), items), actor="benchmarks")
    with transaction() as session:
        query = sa.select(FlashSaleItem).filter_by(sale_id=sale_id).order_by(FlashSaleItem.id)
        plenty, gone = session.scalars(query)
        owner = session.scalars(sa.select(sa.func.min(Member.id))).one()
        own([Ownership(gone.pool_id, "R-bench-first", owner, (1,), None)])
        made = Sale(sale_id, plenty.id, plenty.pool_id, gone.id)
        pool_ids = plenty.pool_id, gone.pool_id
    for pool_id in pool_ids:
        rebuilding.load(pool_id)
    return made


def drop(units: int) -> int:
    """A drop of so many coupons, one for each member, that opens at once."""
    terms = CouponTerms(Kind.CASH, Validity(Span.DAYS, days=30), amount_fen=500)
    publish(Draft("bench5", "Bench", "Bench", terms), actor="benchmarks")
    soon = Schedule(opens_at=now() + timedelta(milliseconds=200))
    plan_id = plans.create(PlanTerms("bench5", soon, units, 360), actor="benchmarks")
    with transaction() as session:
        row = session.scalars(sa.select(CouponDrop).filter_by(plan_id=plan_id)).one()
        drop_id, pool_id = row.id, row.pool_id
    rebuilding.load(pool_id)
    return drop_id


def wheel() -> int:
    """A wheel on which everybody draws as often as they can pay."""
    prizes = (
        PrizeTerms("Ten", "points", 2500, 10, code="ten"),
        PrizeTerms("Hundred", "points", 10, 100, code="hundred"),
        PrizeTerms("Nothing", "nothing", 7490, code="nothing", is_consolation=True),
    )
    return lottery.create(
        WheelTerms(
            "Bench",
            now() - timedelta(hours=1),
            prizes,
            points_cost=POINTS,
            weight_total=10_000,
            rules_zh="bench",
            rules_en="bench",
        ),
        actor="benchmarks",
    )


def analyse() -> None:
    """Let the database know its tables, as a shop's does after its first day."""
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))


def _enrolled(count: int) -> list[int]:
    moment = now() - timedelta(days=30)
    rows = [
        {"member_no": f"{n:012d}", "nickname_checked": False, "joined_at": moment}
        for n in range(count)
    ]
    with transaction() as session:
        found = [
            row.id
            for some in _steps(rows)
            for row in bulk.insert(session, _MEMBERS, some, returning=("id",))
        ]
    return sorted(found)


def _post_history(members: Sequence[int]) -> None:
    moment = now()
    movements: list[Movement] = [
        Credit(
            member, PLENTY, ADJUSTMENT, f"bench:{days}", expires_at=moment + timedelta(days=days)
        )
        for member in members
        for days in (200, 300)
    ]
    with transaction():
        posting.post(movements)
    with transaction():
        posting.post(
            [
                Debit(member, 1, ADJUSTMENT, f"bench:spent:{n}", {"rule": "bench", "n": n})
                for member in members
                for n in range(10)
            ]
        )


def _check_in_before(members: Sequence[int]) -> None:
    moment = now()
    rows = [
        {
            "member_id": member,
            "day": to_day(moment - timedelta(days=days)),
            "made_up": False,
            "rule_version": 1,
            "rewards": [],
            "points": 0,
            "created_at": moment - timedelta(days=days),
        }
        for member in members
        for days in (1, 2)
    ]
    with transaction() as session:
        posting.lock_accounts(members)
        bulk.insert(session, _CHECK_INS, rows)


def _steps(items: Sequence[Item]) -> list[Sequence[Item]]:
    return [items[start : start + STEP] for start in range(0, len(items), STEP)]
