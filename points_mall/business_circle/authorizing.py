"""Who lets the mall see purchases: heard by notice, and asked of WeChat, which tells no withdrawal."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.members.accounts import openid_of
from miniprogram_api.wechat.errors import Final, WeChatError, WeChatNonsense
from miniprogram_api.wechat.extension import pay
from miniprogram_api.wechat.pay_answers import CircleAuthorization

from .errors import BusinessCircleOff, UnknownToWeChat
from .facts import CardActivated
from .models import CircleShopper
from .states import Authorization

BATCH = 100
MOST_ASKED = 2000
"""How many are asked about in one run of the job; the others wait for the next."""

AFTER_NOTICE = timedelta(minutes=1)
"""How soon after a notice WeChat is asked: notices may come late and in any order."""

shoppers = cast(sa.Table, CircleShopper.__table__)
_TO_CHECK = (
    sa.select(CircleShopper.openid)
    .where(CircleShopper.check_at <= sa.bindparam("moment"))
    .order_by(CircleShopper.check_at, CircleShopper.id)
    .limit(BATCH)
)
_log = log(__name__)


def require_enabled() -> None:
    """See that this shop is in a business circle.

    :raises BusinessCircleOff: it is in none.
    """
    if not settings().business_circle_enabled:
        raise BusinessCircleOff("BUSINESS_CIRCLE_ENABLED is off")


def note_activations(
    session: Session, activations: Sequence[CardActivated], moment: datetime
) -> None:
    """Note what notices tell, in the caller's transaction; WeChat is asked soon whether it holds.

    A notice without authorisation takes none away: it may be older than one that brought it.
    """
    by_openid: dict[str, CardActivated] = {}
    for one in activations:
        known = by_openid.get(one.openid)
        by_openid[one.openid] = known if known and known.authorized else one
    bulk.insert_missing(
        session, shoppers, [_new(one, moment) for _, one in sorted(by_openid.items())]
    )
    granted = [_granted(one, moment) for _, one in sorted(by_openid.items()) if one.authorized]
    bulk.update(
        session, shoppers, granted, key=("openid",), only="circle_shopper.state <> 'authorized'"
    )
    soon = [{"openid": openid, "check_at": moment + AFTER_NOTICE} for openid in sorted(by_openid)]
    bulk.update(session, shoppers, soon, key=("openid",))


def shopper_of(member_id: int) -> CircleShopper | None:
    """What WeChat said last about a member; None: nothing yet."""
    openid = openid_of(member_id)
    return db.session.scalar(sa.select(CircleShopper).filter_by(openid=openid))


def ask_about(member_id: int) -> CircleShopper:
    """Ask WeChat now whether a member lets the mall see purchases, and note the answer.

    :raises UnknownToWeChat: the member has no name there.
    :raises WeChatUnavailable: WeChat does not answer; what is known stays.
    """
    openid = openid_of(member_id)
    if openid is None:
        raise UnknownToWeChat("the member has no openid in this mini-program")
    db.session.rollback()  # no connection is kept while WeChat is asked
    _note(openid, pay().authorization(openid))
    return db.session.scalars(sa.select(CircleShopper).filter_by(openid=openid)).one()


def ask_about_due() -> int:
    """Ask WeChat about everybody whose turn it is; answer how many were asked about.

    What WeChat refuses concerns one shopper; when it is away, the rest waits for the next run.
    """
    count = 0
    while count < MOST_ASKED:
        db.session.rollback()
        due = db.session.scalars(_TO_CHECK, {"moment": now()}).all()
        db.session.rollback()
        if not due:
            break
        for openid in due:
            _ask(openid)
        count += len(due)
    return count


def _ask(openid: str) -> None:
    try:
        _note(openid, pay().authorization(openid))
    except WeChatError as error:
        if not isinstance(error, Final | WeChatNonsense):
            raise
        _log.warning("circle_shopper_put_off", error=type(error).__name__)
        _put_off(openid)


@retrying
def _note(openid: str, told: CircleAuthorization) -> None:
    """Keep what WeChat has answered."""
    moment = now()
    known = {
        "state": Authorization[told.state].value,
        "authorized_at": told.authorized_at,
        "deauthorized_at": told.deauthorized_at,
        "told_at": moment,
        "check_at": _next_check(moment),
    }
    with transaction() as session:
        if bulk.insert_missing(session, shoppers, [{"openid": openid, **known}]):
            return
        session.execute(sa.update(shoppers).where(shoppers.c.openid == openid).values(**known))


@retrying
def _put_off(openid: str) -> None:
    with transaction() as session:
        session.execute(
            sa.update(shoppers)
            .where(shoppers.c.openid == openid)
            .values(check_at=_next_check(now()))
        )


def _next_check(moment: datetime) -> datetime:
    return moment + timedelta(hours=settings().business_circle_check_hours)


def _new(activation: CardActivated, moment: datetime) -> dict[str, Any]:
    return {
        **_granted(activation, moment),
        "state": (
            Authorization.AUTHORIZED if activation.authorized else Authorization.UNAUTHORIZED
        ).value,
        "authorized_at": moment if activation.authorized else None,
        "check_at": moment + AFTER_NOTICE,
    }


def _granted(activation: CardActivated, moment: datetime) -> dict[str, Any]:
    return {
        "openid": activation.openid,
        "state": Authorization.AUTHORIZED.value,
        "authorized_at": moment,
        "card_code": activation.card_code,
        "told_at": moment,
    }
