"""Giving what was drawn: points, orders, further chances, and whatever features above can give.

All in the caller's transaction and for a whole group: one posting for everything that points pay and
win, one statement for orders, one for chances, and each further kind in its own constant number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.errors import DomainError
from points_mall.grants.granting import grant_all
from points_mall.grants.kinds import Grant
from points_mall.grants.rewards import POINTS
from points_mall.ledger import posting
from points_mall.ledger.movements import Credit, Debit, Movement, Posted
from points_mall.ledger.validity import expiry_of_points
from points_mall.redemption.prizes import Won, place_won
from points_mall.stock import units
from points_mall.stock.units import Ownership

from . import chances, reasons
from .audience import Payment
from .terms import DRAW_AGAIN, NOTHING, REWARD
from .versions import Prize, Version


@dataclass
class Drawn:
    """A draw under way, numbered and picked; what it gives is added as it is given.

    :param picked: where the number fell; `granted`: what is given, once stock has been asked.
    :param chances: how many draws of the wheel the member has left, after paying.
    :param told: what the member hears of the grant; `order` its order, if there is one.
    :param available: what the member can spend afterwards.
    """

    draw_no: str
    member_id: int
    version: Version
    period_id: int
    day: date
    commitment: str
    draw_index: int
    member_ref: str
    nonce: str
    digest_hex: str
    rule: str
    payment: Payment
    picked: Prize
    granted: Prize
    chances: int
    told: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] | None = None
    available: int = 0

    @property
    def reference(self) -> str:
        """The cause under which it pays and gives."""
        return reasons.reference_of(self.draw_no)

    @property
    def order_no(self) -> str:
        """The number of the order that a reward becomes."""
        return order_no_of(self.draw_no)

    @property
    def holder(self) -> str:
        """Who owns the unit of a limited prize."""
        return self.order_no if self.picked.kind == REWARD else self.draw_no


class Misjudged(Exception):
    """The ledger refused what was judged affordable: by draw number. The group begins anew."""

    def __init__(self, refusals: dict[str, DomainError]) -> None:
        super().__init__("the ledger refused a payment")
        self.refusals = refusals


def order_no_of(draw_no: str) -> str:
    """The number of the order that a draw's reward becomes."""
    return f"R{draw_no[1:]}"


def take_stock(drawn: Sequence[Drawn]) -> None:
    """Give each limited prize a unit, in the order of the draws; who finds none gets the consolation.

    One statement for each pool, and one for all that are taken.
    """
    by_pool: dict[int, list[Drawn]] = {}
    for one in drawn:
        if one.picked.pool_id is not None:
            by_pool.setdefault(one.picked.pool_id, []).append(one)
    wanted = []
    for pool_id, its_draws in sorted(by_pool.items()):
        numbers = units.free_units(pool_id, len(its_draws))
        for one, number in zip(its_draws, numbers, strict=False):
            wanted.append((one, Ownership(pool_id, one.holder, one.member_id, (number,))))
    won = units.own([ownership for _, ownership in wanted]) if wanted else []
    lucky = {id(one) for (one, _), is_mine in zip(wanted, won, strict=True) if is_mine}
    for one in drawn:
        if one.picked.pool_id is not None and id(one) not in lucky:
            one.granted = _consolation_of(one.version)


def give(
    session: Session, drawn: Sequence[Drawn], spendable: dict[int, int], moment: datetime
) -> None:
    """Pay for every draw and give what it won.

    :param spendable: what each member could spend before; kept up to date.
    :raises Misjudged: the ledger refused a payment.
    """
    for one in drawn:
        one.told = {"kind": one.granted.kind}
    _post(drawn, spendable, moment)
    _grant(drawn, spendable, moment)
    _order([one for one in drawn if one.granted.kind == REWARD], moment)
    _let_draw_again(session, [one for one in drawn if one.granted.kind == DRAW_AGAIN], moment)


def _consolation_of(version: Version) -> Prize:
    if version.consolation is None:
        raise LookupError(
            f"wheel {version.wheel_id} has no consolation"
        )  # refused when it is saved
    return version.consolation


def _post(drawn: Sequence[Drawn], spendable: dict[int, int], moment: datetime) -> None:
    """One posting for all payments and all points won, in the order of the draws."""
    moves = [(one, move) for one in drawn for move in _movements(one, moment)]
    answers = posting.post([move for _, move in moves])
    refusals = {}
    for (one, move), answer in zip(moves, answers, strict=True):
        if not isinstance(answer, Posted):
            refusals[one.draw_no] = answer
            continue
        spendable[one.member_id] = answer.available
        if isinstance(move, Credit):
            one.told["points"] = answer.points
    if refusals:
        raise Misjudged(refusals)
    _note_available(drawn, moves, answers, spendable)


def _note_available(
    drawn: Sequence[Drawn],
    moves: Sequence[tuple[Drawn, Movement]],
    answers: Sequence[Posted | DomainError],
    spendable: dict[int, int],
) -> None:
    after = {
        id(one): answer.available
        for (one, _), answer in zip(moves, answers, strict=True)
        if isinstance(answer, Posted)
    }
    for one in drawn:
        one.available = after.get(id(one), spendable[one.member_id])


def _movements(one: Drawn, moment: datetime) -> list[Movement]:
    explanation = {
        "wheel": one.version.wheel_id,
        "title": one.version.title,
        "version": one.version.version,
        "draw_no": one.draw_no,
    }
    moves: list[Movement] = []
    if one.payment.points:
        cost = one.payment.points
        moves.append(Debit(one.member_id, cost, reasons.DRAW, one.reference, explanation))
    if one.granted.kind == POINTS:
        moves.append(
            Credit(
                one.member_id,
                one.granted.amount,
                reasons.PRIZE,
                one.reference,
                _expiry(one.granted, moment) or expiry_of_points(moment),
                explanation={**explanation, "prize": one.granted.name},
            )
        )
    return moves


def _grant(drawn: Sequence[Drawn], spendable: dict[int, int], moment: datetime) -> None:
    """What other features give, whatever it is."""
    others = [one for one in drawn if one.granted.kind not in {POINTS, REWARD, DRAW_AGAIN, NOTHING}]
    grants = [
        Grant(
            one.member_id,
            one.granted.kind,
            one.granted.amount,
            reasons.PRIZE,
            one.reference,
            one.granted.item,
            _expiry(one.granted, moment),
            {"draw_no": one.draw_no, "prize": one.granted.name},
        )
        for one in others
    ]
    for one, granted in zip(others, grant_all(grants), strict=True):
        one.told |= granted.told
        if granted.points_available is not None:
            one.available = spendable[one.member_id] = granted.points_available


def _order(drawn: Sequence[Drawn], moment: datetime) -> None:
    """A reward becomes an order of no points, to be collected or shipped like any other."""
    won = [
        Won(
            one.order_no,
            one.member_id,
            one.granted.id,
            one.granted.pool_id or 0,
            one.granted.name,
            one.granted.fulfilment or "",
            one.granted.is_stocked,
        )
        for one in drawn
    ]
    for one, row in zip(drawn, place_won(won, moment), strict=True):
        one.order = row
        one.told |= {"order_no": one.order_no, "fulfilment": row["fulfilment"]}


def _let_draw_again(session: Session, drawn: Sequence[Drawn], moment: datetime) -> None:
    rows = []
    for one in drawn:
        expires_at = _expiry(one.granted, moment)
        where = (one.member_id, one.version.wheel_id, one.reference)
        rows.append(chances.again_row(*where, moment, expires_at))
        told = expires_at and in_shop_time(expires_at).isoformat()
        one.told |= {"amount": 1, "expires_at": told}
    bulk.insert(session, chances.grants, rows)


def _expiry(prize: Prize, moment: datetime) -> datetime | None:
    if prize.expires_days is None:
        return None
    return chances.expiry_after(moment, prize.expires_days)
