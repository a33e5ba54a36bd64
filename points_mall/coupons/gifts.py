"""Giving a coupon to a friend: once, unused, by a link that only its holder knows.

While the gift is open its coupon is locked for it, so it cannot be used or given twice. Only a keyed
hash of the link's token is stored. Whoever claims it gets a coupon of the same terms and the same end;
the giver's own is void.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import bulk, clock
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import current_transaction, db, retrying, transaction
from miniprogram_api.core.settings import settings
from points_mall.ledger import posting

from .errors import CouponNotUsable, GiftGone, NoSuchCoupon, NoSuchGift, NotGiftable, OwnGift
from .history import Note, note_all
from .holding import Lock, change_all, conditioned, coupons, lock, locked_rows, unlock
from .models import CouponGift
from .numbers import new_number
from .reasons import GIFT
from .states import Happened, State
from .templates import read_terms

OPEN, CLAIMED, WITHDRAWN, OVER = "open", "claimed", "withdrawn", "over"
BATCH = 200
gifts = cast(sa.Table, CouponGift.__table__)
_BY_CODE = conditioned(coupons.c.code == sa.bindparam("code"))
_BY_ID = conditioned(coupons.c.id == sa.bindparam("coupon_id"))


@dataclass(frozen=True)
class Offered:
    """A gift that waits for a friend; the token is told once and not kept."""

    token: str
    coupon: str
    expires_at: datetime


@dataclass(frozen=True)
class Look:
    """A gift as who holds the link sees it."""

    state: str
    title_zh: str
    title_en: str
    terms: dict[str, Any]
    valid_until: datetime
    expires_at: datetime


@retrying
def offer(member_id: int, code: str) -> Offered:
    """Lock a member's coupon for a friend, and make the link.

    :raises NoSuchCoupon: there is none, or it is another member's.
    :raises NotGiftable: its terms do not allow it, or it was a gift itself.
    :raises CouponNotUsable: it is locked, used, void or over.
    """
    with transaction() as session:
        posting.lock_accounts([member_id])
        rows = locked_rows(_BY_CODE, code=code)
        if not rows or rows[0].member_id != member_id:
            raise NoSuchCoupon("no coupon of yours has this number", coupon=code)
        row = rows[0]
        if not read_terms(row.terms).giftable or row.reason == GIFT:
            raise NotGiftable("its terms do not allow it, or it was a gift itself")
        token, moment = secrets.token_hex(16), clock.now()
        keep = timedelta(hours=settings().coupon_gift_hours)
        expires_at = min(row.valid_until, moment + keep)
        gift = CouponGift(
            coupon_id=row.id,
            giver_id=member_id,
            token_hash=_hashed(token),
            state=OPEN,
            offered_at=moment,
            expires_at=expires_at,
        )
        session.add(gift)
        session.flush()  # the lock names its id
        (answer,) = lock([Lock(member_id, code, _reference(gift.id), f"member:{member_id}")])
        if isinstance(answer, Exception):
            raise answer
        return Offered(token, code, expires_at)


def look(token: str) -> Look:
    """What a link holds.

    :raises NoSuchGift: nothing.
    """
    row = db.session.execute(
        sa.select(
            gifts, coupons.c.title_zh, coupons.c.title_en, coupons.c.terms, coupons.c.valid_until
        )
        .join(coupons, coupons.c.id == gifts.c.coupon_id)
        .where(gifts.c.token_hash == _hashed(token))
    ).one_or_none()
    if row is None:
        raise NoSuchGift("no gift has this link")
    state = OVER if row.state == OPEN and row.expires_at <= clock.now() else row.state
    return Look(state, row.title_zh, row.title_en, row.terms, row.valid_until, row.expires_at)


@retrying
def claim(member_id: int, token: str) -> str:
    """Take a friend's gift; answer the number of the new coupon. Who has it already gets it again.

    :raises NoSuchGift: nothing is under this link.
    :raises OwnGift: the giver is asking.
    :raises GiftGone: somebody else was faster, or it was taken back, or it is over.
    """
    with transaction() as session:
        gift = _locked_gift(gifts.c.token_hash == _hashed(token))
        if gift.giver_id == member_id:
            raise OwnGift("it is for a friend")
        if gift.state == CLAIMED and gift.claimed_by == member_id:
            return _code_of(member_id, gift.id)
        moment = clock.now()
        if gift.state != OPEN or gift.expires_at <= moment:
            state = OVER if gift.state == OPEN else gift.state
            raise GiftGone(f"the gift is {state}", gift_state=state)
        (row,) = locked_rows(_BY_ID, coupon_id=gift.coupon_id)
        bulk.update(
            session,
            gifts,
            [{"id": gift.id, "state": CLAIMED, "claimed_by": member_id, "claimed_at": moment}],
        )
        return _hand_over(row, gift.id, member_id, moment)


@retrying
def withdraw(member_id: int, code: str) -> None:
    """Take an offered coupon back before anybody has claimed it.

    :raises NoSuchCoupon: there is none, or it is another member's.
    :raises CouponNotUsable: it is not offered to anybody.
    """
    with transaction():
        row = db.session.execute(
            sa.select(coupons.c.id, coupons.c.state).where(
                coupons.c.code == code, coupons.c.member_id == member_id
            )
        ).one_or_none()
        if row is None:
            raise NoSuchCoupon("no coupon of yours has this number", coupon=code)
        if not _close([gifts.c.coupon_id == row.id], WITHDRAWN):
            raise CouponNotUsable("it is not offered to anybody", coupon=code, reason=row.state)


def withdraw_all(member_id: int) -> None:
    """In the caller's transaction: take back whatever a member has offered."""
    while _close([gifts.c.giver_id == member_id], WITHDRAWN):
        pass


def close_over() -> int:
    """Give coupons back whose gift nobody claimed in time, in batches; answer how many."""
    total = 0
    while count := _close_some():
        total += count
    return total


@retrying
def _close_some() -> int:
    with transaction():
        return _close([gifts.c.expires_at <= clock.now()], OVER)


def _close(conditions: list[sa.ColumnElement[bool]], state: str) -> int:
    """End open gifts and unlock their coupons; gifts are locked before coupons, as by who claims."""
    session = current_transaction()
    query = (
        sa.select(gifts.c.id)
        .where(gifts.c.state == OPEN, *conditions)
        .order_by(gifts.c.id)
        .limit(BATCH)
        .with_for_update()
    )
    ids = list(session.scalars(query))
    bulk.update(session, gifts, [{"id": number, "state": state} for number in ids])
    unlock([_reference(number) for number in ids])
    return len(ids)


def _locked_gift(condition: sa.ColumnElement[bool]) -> Any:
    query = sa.select(gifts).where(condition).with_for_update()
    gift = current_transaction().execute(query).one_or_none()
    if gift is None:
        raise NoSuchGift("no gift has this link")
    return gift


def _hand_over(row: Any, gift_id: int, member_id: int, moment: datetime) -> str:
    """The giver's coupon is void, the friend has one of the same terms and the same end."""
    reference, code = _reference(gift_id), new_number()
    change_all(
        [{"id": row.id, "state": State.VOID.value, "locked_for": None, "changed_at": moment}]
    )
    copied = (
        "template_id",
        "version",
        "title_zh",
        "title_en",
        "terms",
        "valid_from",
        "valid_until",
    )
    fresh = {
        **{name: getattr(row, name) for name in copied},
        "code": code,
        "member_id": member_id,
        "state": State.UNUSED.value,
        "reason": GIFT,
        "reference": reference,
        "number": 0,
        "issued_at": moment,
        "issued_on": clock.to_day(moment),
        "changed_at": moment,
        "restored_fen": 0,
    }
    (made,) = bulk.insert(current_transaction(), coupons, [fresh], returning=("id",))
    actor = f"member:{member_id}"
    note_all(
        [
            Note(row.id, Happened.VOIDED, reference, {"given_as": code}, actor),
            Note(made.id, Happened.ISSUED, reference, {"gift_of": row.code}, actor),
        ]
    )
    return code


def _code_of(member_id: int, gift_id: int) -> str:
    query = sa.select(coupons.c.code).where(
        coupons.c.member_id == member_id,
        coupons.c.reason == GIFT,
        coupons.c.reference == _reference(gift_id),
    )
    return str(current_transaction().scalars(query).one())


def _reference(gift_id: int) -> str:
    return f"gift:{gift_id}"


def _hashed(token: str) -> str:
    return blind_index(token, "coupon_gift")
