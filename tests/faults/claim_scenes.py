"""Small scenes of claiming, each on a pool of its own: what there is, and who then claims at once."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError, Unavailable
from miniprogram_api.core.redis import redis_client
from miniprogram_api.repeats.models import IdempotencyRecord
from miniprogram_api.repeats.records import Claim, Told, fingerprint
from points_mall.ledger.models import LedgerEntry, PointsAccount
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.placing import Offer, Placement, place_all
from points_mall.redemption.reasons import FLASH_SALE
from points_mall.stock import pools, rebuilding, sold_out
from points_mall.stock.gate import keys_of
from points_mall.stock.models import StockUnit

PRICE = 100
_numbers = itertools.count(1)


@dataclass
class Scene:
    """A pool of `stock` units, loaded, and who claims from it under which key."""

    stock: int
    rich: Sequence[int]
    poor: Sequence[int] = ()
    number: int = field(default_factory=lambda: next(_numbers))
    pool_id: int = 0
    claims: list[Placement] = field(default_factory=list)

    def __post_init__(self) -> None:
        with transaction():
            self.pool_id = pools.publish(f"flash_sale:{self.number}:1", self.stock, allowance=1)
        rebuilding.load(self.pool_id)
        pools.forget_cached()
        sold_out.forget_all()

    def claim(self, member_id: int, key: str = "") -> Placement:
        """One more who is going to claim."""
        key = key or f"scene-{self.number}-{member_id}"
        placement = self.placement(member_id, key)
        self.claims.append(placement)
        return placement

    def placement(self, member_id: int, key: str) -> Placement:
        asked = fingerprint("POST", "/claims", {"item_id": str(self.number)})
        claim = Claim(f"member:{member_id}", key, asked)
        offer = Offer(
            source="flash_sale",
            source_id=self.number,
            pool_id=self.pool_id,
            title="保温杯",
            points=PRICE,
            cash_fen=0,
            fulfilment="pickup",
            is_stocked=True,
            reason=FLASH_SALE,
            describe=_described,
        )
        return Placement(member_id, claim, offer)


def _described(row: dict[str, Any], available: int) -> dict[str, Any]:
    return {"order_no": row["order_no"], "points": row["points"], "points_available": available}


Plot = Callable[[Sequence[int], Sequence[int]], Scene]
"""Makes a scene of members who have points and members who have none."""


def a_claim(rich: Sequence[int], _poor: Sequence[int]) -> Scene:
    scene = Scene(2, rich)
    scene.claim(rich[0])
    return scene


def a_claim_that_finds_redis_empty(rich: Sequence[int], poor: Sequence[int]) -> Scene:
    scene = a_claim(rich, poor)
    redis_client().delete(*keys_of(scene.pool_id))
    return scene


def a_number_that_has_an_owner(rich: Sequence[int], _poor: Sequence[int]) -> Scene:
    """Redis is an older copy of itself, of the same generation."""
    scene = Scene(3, rich)
    client = redis_client()
    copy = {key: client.dump(key) for key in keys_of(scene.pool_id)}
    [earlier] = place_all([scene.placement(rich[1], f"scene-{scene.number}-earlier")])
    assert isinstance(earlier, Told)
    for key, value in copy.items():
        client.delete(key)
        if value is not None:
            client.restore(key, 0, value)
    clock.advance(timedelta(seconds=5))  # the last load was a while ago
    scene.claim(rich[0])
    return scene


def a_group_of_which_one_is_poor(rich: Sequence[int], poor: Sequence[int]) -> Scene:
    scene = Scene(4, rich, poor)
    for member in (rich[0], poor[0], rich[1]):
        scene.claim(member)
    return scene


def the_last_unit(rich: Sequence[int], _poor: Sequence[int]) -> Scene:
    scene = Scene(1, rich)
    scene.claim(rich[0])
    scene.claim(rich[1])
    return scene


def a_repeat(rich: Sequence[int], _poor: Sequence[int]) -> Scene:
    scene = Scene(2, rich)
    place_all([scene.claim(rich[0])])
    return scene


def a_repeat_after_redis_was_lost(rich: Sequence[int], poor: Sequence[int]) -> Scene:
    scene = a_repeat(rich, poor)
    redis_client().delete(*keys_of(scene.pool_id))
    return scene


PLOTS: dict[str, Plot] = {
    "a claim": a_claim,
    "a claim that finds Redis empty": a_claim_that_finds_redis_empty,
    "a number that has an owner": a_number_that_has_an_owner,
    "a group of which one is poor": a_group_of_which_one_is_poor,
    "the last unit": the_last_unit,
    "a repeat": a_repeat,
    "a repeat after Redis was lost": a_repeat_after_redis_was_lost,
}

Answers = list[str]


def attempt(claims: Sequence[Placement]) -> Answers:
    """Claim once, all together; what each was answered, in words that do not depend on who it is."""
    sold_out.forget_all()
    try:
        answers = place_all(claims)
    except (DomainError, sa.exc.DBAPIError) as error:
        answers = [error] * len(claims)  # the whole group hears it, as `GroupCommit` tells it
    db.session.remove()
    return [_word(answer) for answer in answers]


def final(scene: Scene, answers: Answers) -> Answers:
    """Ask again under the same keys until nobody is left without a final answer."""
    for _ in range(3):
        open_ones = [at for at, answer in enumerate(answers) if answer == "again"]
        if not open_ones:
            break
        told = attempt([scene.claims[at] for at in open_ones])
        for at, answer in zip(open_ones, told, strict=True):
            answers[at] = answer
    return answers


def story(scene: Scene) -> list[tuple[object, ...]]:
    """What became of everybody who claimed."""
    db.session.rollback()
    told = [_of_member(scene, one) for one in scene.claims]
    owned = sa.select(sa.func.count()).where(
        StockUnit.pool_id == scene.pool_id, StockUnit.holder.is_not(None)
    )
    return [*told, ("owned", db.session.scalar(owned))]


def _of_member(scene: Scene, one: Placement) -> tuple[object, ...]:
    order, unit, entry = RedemptionOrder, StockUnit, LedgerEntry
    orders = sa.select(order.points, order.status, order.quantity).filter_by(order_no=one.order_no)
    units = sa.select(sa.func.count()).select_from(unit).filter_by(holder=one.order_no)
    spent = (
        sa.select(entry.points)
        .join(PointsAccount)
        .where(PointsAccount.member_id == one.member_id, entry.reference == f"order:{one.order_no}")
    )
    kept = (
        sa.select(sa.func.count())
        .select_from(IdempotencyRecord)
        .filter_by(scope=one.claim.scope, key=one.claim.key)
    )
    rows = [tuple(row) for row in db.session.execute(orders)]
    points = list(db.session.scalars(spent))
    return (rows, db.session.scalar(units), points, db.session.scalar(kept))


def _word(answer: Told | Exception) -> str:
    if isinstance(answer, Told):
        return "placed"
    if isinstance(answer, Unavailable) or not isinstance(answer, DomainError):
        return "again"
    return answer.code if answer.code != "request_in_progress" else "again"
