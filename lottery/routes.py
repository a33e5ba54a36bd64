"""Lottery endpoints."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import (
    claim_of_request,
    idempotent,
    keeps_own_record,
    told,
)
from miniprogram_api.members.errors import AccountClosed
from points_mall.ledger.errors import InsufficientPoints
from points_mall.redemption.prizes import send_to
from points_mall.redemption.schemas import DeliverySchema
from points_mall.stock.errors import Blocked, Ended, NotStarted
from points_mall.tiers.errors import TierTooLow

from . import published, schemas, shown
from .drawing import draw, wish_for
from .errors import (
    AddressNotAwaited,
    NoDrawsLeft,
    NoSuchDraw,
    NoSuchPeriod,
    NoSuchWheel,
    NotForYou,
)
from .giving import order_no_of
from .models import Draw, Wheel
from .terms import REWARD

wheels = Blueprint(
    "wheels",
    url_prefix="/api/v1/wheels",
    title="抽奖 Lucky draws",
    description="公示概率、先承诺种子、人人可复算的抽奖 · odds are published, seeds promised, draws provable",
)
draws = Blueprint(
    "draws",
    url_prefix="/api/v1/draws",
    title="抽奖记录 Draws",
    description="我的抽奖记录与验证数据 · a member's draws, and what proves them",
)


@wheels.get("")
@for_member
@wheels.paged(
    schemas.WheelSchema, Wheel.id, show=lambda found: shown.seen_by(current_member_id(), found)
)
def list_wheels() -> sa.Select[*tuple[Any, ...]]:
    """抽奖活动 · Wheels

    进行中与即将开始的，新的在前。 Those that run or will run, newest first.
    """
    return shown.listed()


@wheels.get("/<id:wheel_id>")
@for_member
@wheels.problems(NoSuchWheel)
@wheels.response(200, schemas.WheelSchema)
def wheel(wheel_id: int) -> dict[str, Any]:
    """抽奖活动详情 · One wheel

    概率与实际抽奖所用数字相同；`fairness.commitment` 为当日种子的承诺。 The odds are the numbers that
    draw; `fairness.commitment` promises the day's seed.
    """
    return shown.one_seen_by(current_member_id(), wheel_id)


@wheels.post("/<id:wheel_id>/draws")
@for_member
@wheels.problems(NoSuchWheel, NotStarted, Ended, TierTooLow, NotForYou, Blocked, AccountClosed)
@wheels.problems(NoDrawsLeft, InsufficientPoints)
@wheels.arguments(schemas.WishSchema)
@wheels.response(201, schemas.DrawnSchema)
@keeps_own_record
def draw_once(asked: dict[str, Any], wheel_id: int) -> Response:
    """抽一次 · Draw

    依次使用：再抽一次、当日免费、最早到期的抽奖机会、积分。一次调用完成扣减、抽奖与发奖；同一幂等键
    总得到同一结果。 Paid by a draw won before, a free one, the chance soonest to expire, or points. One
    call pays, draws and gives; a repeat of its key hears the same.
    """
    claim = claim_of_request()
    answered = draw(wish_for(current_member_id(), wheel_id, asked.get("nonce"), claim))
    return told(answered.answer, is_repeat=answered.is_repeat)


@wheels.get("/<id:wheel_id>/winners")
@for_member
@wheels.problems(NoSuchWheel)
@wheels.response(200, schemas.WinnersSchema)
def winners(wheel_id: int) -> dict[str, Any]:
    """中奖名单 · Who won lately

    姓名已脱敏。 By masked names.
    """
    return {"items": published.latest_winners(wheel_id)}


@wheels.get("/<id:wheel_id>/fairness")
@public
@wheels.problems(NoSuchWheel, NoSuchPeriod)
@wheels.arguments(schemas.DayQuerySchema, location="query")
@wheels.response(200, schemas.DayOfWheelSchema)
def fairness_of_day(asked: dict[str, Any], wheel_id: int) -> dict[str, Any]:
    """公平性数据 · What a day of a wheel promised

    当日结束后公布种子，任何人可以复算每一次抽奖，见 [公平性说明](/fairness)。 The seed is published
    when the day is over; then anybody can recompute every draw, see [/fairness](/fairness).
    """
    return published.day_of(wheel_id, asked.get("day"))


@wheels.get("/<id:wheel_id>/fairness/draws")
@public
@wheels.problems(NoSuchPeriod)
@wheels.paged(schemas.DrawRecordSchema, Draw.draw_index, filters=schemas.PastDaySchema)
def draws_of_day(wheel_id: int, day: date) -> sa.Select[*tuple[Any, ...]]:
    """某日全部抽奖 · Every draw of a day that is over

    编号连续、逐条哈希相连；会员以代号出现。 Numbered without a gap, each sealed over the one before;
    members appear under pseudonyms.
    """
    return published.draws_on(wheel_id, day)


@draws.get("")
@for_member
@draws.paged(schemas.DrawSchema, Draw.id, show=shown.told_draws)
def list_draws() -> sa.Select[*tuple[Any, ...]]:
    """我的抽奖记录 · My draws"""
    return shown.draws_of(current_member_id())


@draws.get("/<no:draw_no>/proof")
@for_member
@draws.problems(NoSuchDraw)
@draws.response(200, schemas.ProofSchema)
def proof(draw_no: str) -> dict[str, Any]:
    """验证数据 · What proves a draw

    保存为 PROOF.json，用 [verify_draw.py](/fairness/verify_draw.py) 复算；种子在当日结束后公布。 Save it
    and recompute it with the script; the seed is there once the day is over.
    """
    return published.proof_of(shown.draw_of(current_member_id(), draw_no))


@draws.post("/<no:draw_no>/delivery")
@for_member
@draws.problems(NoSuchDraw, AddressNotAwaited)
@draws.arguments(DeliverySchema)
@idempotent
@draws.response(200, schemas.DrawSchema)
def deliver(address: dict[str, str], draw_no: str) -> dict[str, Any]:
    """填写奖品收货信息 · Where a prize is sent

    只可填写一次，发货之前。 Once, before it is shipped.
    """
    found = shown.draw_of(current_member_id(), draw_no)
    is_reward = found.granted["kind"] == REWARD
    if not is_reward or not send_to(found.member_id, order_no_of(draw_no), address):
        raise AddressNotAwaited(f"draw {draw_no} awaits no address")
    return shown.told_draws([found])[0]
