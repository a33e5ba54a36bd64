"""Telling WeChat that a member drove into the mall or out: while in, purchases score by themselves."""

import re
from datetime import datetime
from typing import Literal

from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.extension import pay

from . import authorizing
from .errors import NotAPlate, NotAuthorized
from .states import Authorization

Direction = Literal["IN", "OUT"]

PLATE = re.compile(r"[\u4e00-\u9fff][A-Z](?:[A-Z0-9]{5,6}|[A-Z0-9]{4}[挂学警港澳])")
_log = log(__name__)


def report_parking(member_id: int, plate: str, direction: Direction, at: datetime) -> None:
    """Tell WeChat of a member's car. Nothing of it is kept here.

    :raises NotAPlate: a plate is a province, a letter and five or six more: 粤B88888.
    :raises NotAuthorized: the member does not let the mall see purchases.
    """
    authorizing.require_enabled()
    number = plate.strip().upper().replace("·", "").replace(" ", "")
    if not PLATE.fullmatch(number):
        raise NotAPlate("a plate reads like 粤B88888")
    shopper = authorizing.shopper_of(member_id)
    if shopper is None or shopper.state != Authorization.AUTHORIZED:
        raise NotAuthorized("the member has not authorised the business circle")
    pay().report_parking(
        openid=shopper.openid,
        brand_id=settings().business_circle_brand_id,
        plate_number=number,
        state=direction,
        at=at,
    )
    _log.info("parking_reported", member_id=member_id, direction=direction)


def commit_status(member_id: int) -> str:
    """Whether purchases wait for the member to claim points by hand: `PENDING`, or another.

    :raises NotAuthorized: WeChat has told nothing of this member.
    """
    authorizing.require_enabled()
    shopper = authorizing.shopper_of(member_id)
    if shopper is None:
        raise NotAuthorized("the member is not known in the business circle")
    return pay().commit_status(shopper.openid, settings().business_circle_brand_id)
