"""What the record of one draw proves, check by check. Pure: no database, no clock."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from points_mall.coupons.granting import COUPON
from points_mall.grants.rewards import POINTS as POINTS_KIND

from . import fairness, guarantee, odds, reasons, sealing
from .audience import AGAIN, CHANCE
from .audience import POINTS as BY_POINTS
from .chances import AGAIN as AGAIN_REASON
from .chances import DRAW_CHANCE
from .periods import OpenPeriod
from .records import Recorded
from .terms import DRAW_AGAIN, REWARD
from .versions import Prize, Version

Check = tuple[str, object, object]
"""What is compared, what is proven, what is stored."""


def checks_of_version(version: Version, prev_hash: str, number: int) -> Iterator[Check]:
    """A version is numbered, sealed over the one before, and its weights add up."""
    where = f"version {version.version}"
    prizes = [asdict(prize) for prize in version.prizes]
    facts = {name: getattr(version, name) for name in sealing.VERSION_FACTS}
    yield f"{where}: number", number, version.version
    yield f"{where}: prev_hash", prev_hash, version.prev_hash
    yield f"{where}: hash", sealing.version_hash(facts, prizes, prev_hash), version.hash
    weights = sum(prize.weight for prize in version.prizes)
    yield f"{where}: weights add up", version.weight_total, weights
    positions = [prize.position for prize in version.prizes]
    yield f"{where}: positions", list(range(1, len(positions) + 1)), positions


def checks_of_draw(
    one: Recorded,
    version: Version,
    period: OpenPeriod,
    index: int,
    prev_hash: str,
    since: int,
) -> Iterator[Check]:
    """A draw is numbered without a gap, sealed, and says what was given.

    :param since: the member's draws without a guaranteed prize before it.
    """
    row = one.row
    facts: Mapping[str, Any] = {name: getattr(row, name) for name in sealing.DRAW_FACTS}
    yield "draw_index", index, row.draw_index
    yield "prev_hash", prev_hash, row.prev_hash
    yield "hash", sealing.draw_hash(facts, period.day, version.hash, prev_hash), row.hash
    yield "rule", guarantee.rule_for(since, version.guarantee_nth), row.rule
    picked = version.by_position.get(row.picked_position)
    granted = version.by_position.get(row.granted_position)
    yield "positions are on the wheel", True, picked is not None and granted is not None
    if picked is not None and granted is not None:
        yield from _fell_back(picked, granted, version)
        yield from _was_given(one, granted)
    yield from _was_paid(one, version)


def checks_of_number(row: Any, version: Version, seed: bytes) -> Iterator[Check]:
    """The seed gives the digest and the position that the record has."""
    text = fairness.message(row.wheel_id, row.version, row.member_ref, row.draw_index, row.nonce)
    yield "digest_hex", fairness.digest(seed, text).hex(), row.digest_hex
    slots, total = guarantee.wheel_under(row.rule, version.slots, version.guaranteed)
    if total < 1:
        return  # said already: its weights do not add up
    number = fairness.number(seed, text, total)
    yield "picked_position", odds.pick(slots, number), row.picked_position


def _fell_back(picked: Prize, granted: Prize, version: Version) -> Iterator[Check]:
    if granted.position == picked.position:
        return
    yield "only a limited prize runs out", True, picked.pool_id is not None
    consolation = version.consolation.position if version.consolation else None
    yield "granted_position", consolation, granted.position


def _was_given(one: Recorded, granted: Prize) -> Iterator[Check]:
    told = one.row.granted
    yield "granted kind", granted.kind, told.get("kind")
    won = granted.amount if granted.kind == POINTS_KIND else None
    yield "granted points", won, told.get("points")
    yield "entry of points won", won, one.points.get(reasons.PRIZE.code)
    is_reward = granted.kind == REWARD
    yield "order", is_reward, one.order is not None
    if one.order is not None:
        order = (one.order.member_id, one.order.pool_id, one.order.points)
        yield "order of the prize", (one.row.member_id, granted.pool_id, 0), order
    owns = granted.pool_id is not None and (not is_reward or one.order_is_alive)
    expected = [(granted.pool_id, one.row.member_id)] if owns else []
    yield "units", expected, one.units
    amounts = {DRAW_AGAIN: 1, DRAW_CHANCE: granted.amount, COUPON: granted.amount}
    owes = {granted.kind: amounts[granted.kind]} if granted.kind in amounts else {}
    yield "chances and coupons", owes, one.given


def _was_paid(one: Recorded, version: Version) -> Iterator[Check]:
    row = one.row
    cost = version.points_cost if row.paid_by == BY_POINTS else 0
    yield "points paid", cost, row.points
    yield "entry of points paid", -cost or None, one.points.get(reasons.DRAW.code)
    by_chance = row.paid_by in {CHANCE, AGAIN}
    yield "chance used", by_chance, one.use is not None
    if one.use is not None:
        yield "whose chance", row.member_id, one.use.member_id
        yield "chance is for the wheel", True, one.use.wheel_id in {None, row.wheel_id}
        yield "kind of chance", row.paid_by == AGAIN, one.use.reason == AGAIN_REASON
