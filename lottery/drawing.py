"""Drawing: requests that arrive together are drawn together, in one transaction.

In it, in lock order: members and accounts, keys of repeats, the wheel's day, units, points, records.
The day's row numbers the draws without a gap, so draws of one wheel are one after another; that is
what lets anybody check that none was left out. A refusal fails alone and takes no number.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now, to_day, today
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.errors import DomainError, Unavailable
from miniprogram_api.core.group_commit import group_of
from miniprogram_api.members.errors import AccountClosed
from miniprogram_api.repeats import records
from miniprogram_api.repeats.records import Answer, Claim, Told
from miniprogram_api.risk import blocks
from miniprogram_api.risk.subjects import Kind
from points_mall.stock.errors import Blocked

from . import audience, chances, fairness, guarantee, periods, sealing, standings, versions
from .answers import told_draw
from .audience import Counts, Payment
from .errors import NoSuchWheel
from .giving import Drawn, Misjudged, give, take_stock
from .models import Draw
from .odds import pick
from .periods import OpenPeriod
from .standings import Place
from .terms import DRAW_AGAIN

ATTEMPTS = 5
REF_DIGITS = 32

draws = cast(sa.Table, Draw.__table__)


@dataclass(frozen=True)
class Wish:
    """A member wants to draw on a wheel, under an idempotency key.

    :param nonce: the member's part of the draw, which nobody else knows ahead.
    """

    member_id: int
    wheel_id: int
    nonce: str
    claim: Claim
    draw_no: str


class _NothingPromised(Exception):
    """These wheels have no seed for the day, or it is published: promise one, look at the clock."""

    def __init__(self, wheel_ids: Sequence[int]) -> None:
        super().__init__("no seed to draw with")
        self.wheel_ids = wheel_ids


def wish_for(member_id: int, wheel_id: int, nonce: str | None, claim: Claim) -> Wish:
    """A wish with a number of its own; a nonce is made up where the member gave none."""
    draw_no = "D" + secrets.token_hex(10).upper()
    return Wish(member_id, wheel_id, nonce or secrets.token_hex(8), claim, draw_no)


def draw(wish: Wish) -> Told:
    """Draw, together with whoever draws at the same time.

    :raises DomainError: it is refused, and nothing has moved.
    """
    if blocks.hits([(Kind.MEMBER, str(wish.member_id))]):
        raise Blocked("the member is blocked")
    db.session.rollback()  # nobody keeps a connection while waiting for the group
    return group_of("lottery", draw_all).submit(wish)


def draw_all(wishes: Sequence[Wish]) -> list[Told | Exception]:
    """Draw for a group; each is answered or refused by itself.

    The number of statements does not depend on the size of the group, but for one for each limited
    prize that is drawn.
    """
    refused: dict[str, DomainError] = {}
    for _ in range(ATTEMPTS):
        try:
            return _draw_group(wishes, refused)
        except Misjudged as misjudged:
            refused |= misjudged.refusals
        except _NothingPromised as lacking:
            periods.promise(lacking.wheel_ids, today())
    raise Unavailable("the day changed again and again")


def member_ref_of(member_id: int, wheel_id: int) -> str:
    """How a member is named in what is published of a wheel: by a keyed hash, another on each."""
    return blind_index(f"{wheel_id}:{member_id}", "lottery.member_ref")[:REF_DIGITS]


@retrying
def _draw_group(wishes: Sequence[Wish], refused: dict[str, DomainError]) -> list[Told | Exception]:
    with transaction() as session:
        people = standings.lock(session, [wish.member_id for wish in wishes])
        claims = [wish.claim for wish in wishes]
        verdicts = records.claim_all(session, claims)
        fresh = [wish for wish, known in zip(wishes, verdicts, strict=True) if known is None]
        table = _Table(session, fresh, people, refused) if fresh else None
        outcomes = table.draw() if table else {}
        records.store_all(
            session,
            [
                (wish.claim, answer)
                for wish in fresh
                if isinstance(answer := outcomes[wish.draw_no], Answer)
            ],
        )
    return [
        _told(known, outcomes.get(wish.draw_no))
        for wish, known in zip(wishes, verdicts, strict=True)
    ]


def _told(known: Answer | DomainError | None, outcome: Answer | DomainError | None) -> Any:
    if isinstance(known, Answer):
        return Told(known, is_repeat=True)
    answer = known or outcome
    return Told(answer) if isinstance(answer, Answer) else answer


class _Table:
    """The drawing of one group, in its transaction: what was read, and what becomes of it."""

    def __init__(
        self,
        session: Session,
        wishes: Sequence[Wish],
        people: dict[int, audience.Person],
        refused: dict[str, DomainError],
    ) -> None:
        self._session, self._wishes, self._people = session, wishes, people
        self._outcomes: dict[str, Answer | DomainError] = dict(refused)
        self._moment: datetime = now()
        self._day = to_day(self._moment)
        wheel_ids = {wish.wheel_id for wish in wishes}
        # Numbered before the versions are read: who changes a wheel waits for this lock, too.
        self._periods = periods.lock(session, wheel_ids, self._day)
        self._wheels = versions.standing(session, wheel_ids)
        if lacking := [wheel_id for wheel_id in self._wheels if not self._is_promised(wheel_id)]:
            raise _NothingPromised(lacking)
        member_ids = sorted({wish.member_id for wish in wishes} & people.keys())
        places = {(wish.member_id, wish.wheel_id) for wish in wishes}
        self._before = standings.counts_of(session, places)
        self._after: dict[Place, Counts] = {}
        self._chances = chances.living(session, member_ids, self._moment)
        self._spendable = standings.spendable(session, member_ids, self._moment)
        self._owed = dict(self._spendable)

    def draw(self) -> dict[str, Answer | DomainError]:
        """Judge, number, pick, give and record; the answers by draw number."""
        drawn = [one for wish in self._wishes if (one := self._draw_one(wish)) is not None]
        if not drawn:
            return self._outcomes
        take_stock(drawn)
        give(self._session, drawn, self._spendable, self._moment)
        self._record(drawn)
        self._answer(drawn)
        return self._outcomes

    def _is_promised(self, wheel_id: int) -> bool:
        """Whether a wheel that is running has a seed to draw with."""
        if audience.schedule_refusal(self._wheels[wheel_id], self._moment):
            return True  # nobody will draw on it
        period = self._periods.get(wheel_id)
        return period is not None and not period.is_revealed

    def _draw_one(self, wish: Wish) -> Drawn | None:
        """Judge one wish; where nothing speaks against it, take the next number and pick."""
        if wish.draw_no in self._outcomes:
            return None
        try:
            payment = self._pay(wish)
        except DomainError as refusal:
            self._outcomes[wish.draw_no] = refusal
            return None
        return self._pick(wish, payment)

    def _pay(self, wish: Wish) -> Payment:
        person, wheel = self._people.get(wish.member_id), self._wheels.get(wish.wheel_id)
        if person is None:
            raise AccountClosed("the account is closed")
        if wheel is None:
            raise NoSuchWheel(f"no wheel {wish.wheel_id}")
        if refusal := audience.refusal(wheel, person, self._moment):
            raise refusal
        owned = self._chances.get(wish.member_id, [])
        payment = audience.pay(wheel.version, self._counts(wish), owned, self._owed[wish.member_id])
        self._owed[wish.member_id] -= payment.points
        return payment

    def _counts(self, wish: Wish) -> Counts:
        place = (wish.member_id, wish.wheel_id)
        return (self._after.get(place) or self._before.get(place) or Counts()).on(self._day)

    def _pick(self, wish: Wish, payment: Payment) -> Drawn:
        version, period = self._wheels[wish.wheel_id].version, self._periods[wish.wheel_id]
        counts = self._counts(wish)
        rule = guarantee.rule_for(counts.since_guaranteed, version.guarantee_nth)
        slots, total = guarantee.wheel_under(rule, version.slots, version.guaranteed)
        ref = member_ref_of(wish.member_id, wish.wheel_id)
        index = period.next_index
        period.next_index += 1
        text = fairness.message(wish.wheel_id, version.version, ref, index, wish.nonce)
        seed = period.seed
        picked = version.by_position[pick(slots, fairness.number(seed, text, total))]
        since = guarantee.since(counts.since_guaranteed, picked.position, version.guaranteed)
        self._after[wish.member_id, wish.wheel_id] = counts.after(payment.by, since)
        return Drawn(
            draw_no=wish.draw_no,
            member_id=wish.member_id,
            version=version,
            period_id=period.id,
            day=period.day,
            commitment=period.commitment,
            draw_index=index,
            member_ref=ref,
            nonce=wish.nonce,
            digest_hex=fairness.digest(seed, text).hex(),
            rule=rule,
            payment=payment,
            picked=picked,
            granted=picked,
            chances=chances.count_for(self._chances.get(wish.member_id, []), wish.wheel_id),
        )

    def _record(self, drawn: Sequence[Drawn]) -> None:
        bulk.insert(self._session, draws, [self._row(one) for one in drawn])
        used = [(one.payment.use, one.draw_no) for one in drawn if one.payment.use is not None]
        chances.write_uses(self._session, used, self._moment)
        standings.save(self._session, self._before, self._after)
        periods.save(self._session, self._periods.values())

    def _row(self, one: Drawn) -> dict[str, Any]:
        """The record of a draw, sealed over the one before it."""
        period: OpenPeriod = self._periods[one.version.wheel_id]
        row = {
            "draw_no": one.draw_no,
            "wheel_id": one.version.wheel_id,
            "version": one.version.version,
            "period_id": one.period_id,
            "draw_index": one.draw_index,
            "member_id": one.member_id,
            "member_ref": one.member_ref,
            "nonce": one.nonce,
            "digest_hex": one.digest_hex,
            "rule": one.rule,
            "picked_position": one.picked.position,
            "granted_position": one.granted.position,
            "paid_by": one.payment.by,
            "points": one.payment.points,
            "granted": one.told,
            "prev_hash": period.last_hash,
            "created_at": self._moment,
        }
        period.last_hash = sealing.draw_hash(row, one.day, one.version.hash, period.last_hash)
        return {**row, "hash": period.last_hash}

    def _answer(self, drawn: Sequence[Drawn]) -> None:
        again: Counter[Place] = Counter()
        for one in drawn:
            place = (one.member_id, one.version.wheel_id)
            again[place] += int(one.granted.kind == DRAW_AGAIN)
            self._outcomes[one.draw_no] = Answer(201, told_draw(one, one.chances + again[place]))
