"""Typing a code in for a coupon: paced, wrong ones counted, each good for one coupon."""

from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core import clock
from miniprogram_api.core.db import current_transaction, retrying, transaction
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.repeats.records import Answer, Claim, claim_all, store_all
from miniprogram_api.risk import daily, limits, pace
from miniprogram_api.risk.errors import DailyCapUsed
from miniprogram_api.risk.limits import Limit

from . import audience
from .errors import CodeNotValid, TooManyWrongCodes
from .issuing import Issue, Issued, issue
from .outside import REDEEM, codes
from .reasons import CODE
from .shown import told_issued
from .templates import Template, templates

PACE, WRONG = "coupon_code", "coupon_code_wrong"
limits.declare(PACE, lambda s: Limit(s.coupon_codes_per_minute, 60, s.coupon_codes_burst))
_log = log(__name__)


def redeem(member_id: int, typed: str, claim: Claim) -> tuple[Answer, bool]:
    """Give the coupon of a code; answers with the first answer where the claim is a repeat.

    The member's tries are paced; wrong ones are counted for the day, in a transaction of their own:
    the refusal moves nothing else.

    :raises SlowDown: too fast.
    :raises TooManyWrongCodes: so many wrong ones today.
    :raises CodeNotValid: it is wrong, or was used.
    :raises NotForYou: it is for other members.
    :raises CouponLimitUsed: the member has had as many as one may.
    """
    pace.check(PACE, f"m:{member_id}")
    most = settings().coupon_wrong_codes_per_day
    if daily.used_today(WRONG, [member_id]).get(member_id, 0) >= most:
        raise _too_many(most)
    try:
        return _redeem(member_id, tidied(typed), claim)
    except CodeNotValid:
        _count_wrong(member_id, most)
        raise


def tidied(typed: str) -> str:
    """A code as it is stored: no blanks, and small letters read as capitals."""
    return "".join(typed.split()).upper()


@retrying
def _redeem(member_id: int, code: str, claim: Claim) -> tuple[Answer, bool]:
    with transaction() as session:
        (verdict,) = claim_all(session, [claim])
        if isinstance(verdict, DomainError):
            raise verdict
        if verdict is not None:
            return verdict, True
        answer = Answer(201, told_issued(_take(member_id, code)))
        store_all(session, [(claim, answer)])
        return answer, False


def _take(member_id: int, code: str) -> Issued:
    session = current_transaction()
    row = session.execute(
        sa.select(codes.c.id, templates.c.code)
        .join(templates, templates.c.id == codes.c.template_id)
        .where(codes.c.code == code, codes.c.purpose == REDEEM, codes.c.taken_by.is_(None))
        .with_for_update(of=codes)
    ).one_or_none()
    if row is None:
        raise CodeNotValid("this code is wrong, or was used")
    (issued,) = issue([Issue(member_id, row.code, CODE, f"code:{row.id}")])
    if isinstance(issued, DomainError):
        raise issued
    _require(issued.template, member_id)
    taken = session.execute(
        sa.update(codes)
        .where(codes.c.id == row.id, codes.c.taken_by.is_(None))
        .values(taken_by=member_id, taken_at=clock.now())
    )
    if cast("sa.CursorResult[Any]", taken).rowcount != 1:
        raise CodeNotValid("this code was used meanwhile")
    return issued


def _require(template: Template, member_id: int) -> None:
    audience.require(template.terms.audience, member_id)


@retrying
def _count_wrong(member_id: int, most: int) -> None:
    _log.info("coupon_code_wrong", member_id=member_id)
    with transaction():
        try:
            daily.use(WRONG, most, member_id)
        except DailyCapUsed:
            return  # counted to the brim already


def _too_many(most: int) -> TooManyWrongCodes:
    tomorrow = clock.starts_at(clock.today() + timedelta(days=1))
    seconds = int((tomorrow - clock.now()).total_seconds()) + 1
    return TooManyWrongCodes(f"{most} wrong codes a day", retry_after_seconds=seconds, most=most)
