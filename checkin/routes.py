"""Check-in endpoints."""

from typing import Any

from flask import Response

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.errors import NotFound
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, idempotent, keeps_own_record, told
from miniprogram_api.members.errors import AccountClosed
from points_mall.ledger.errors import InsufficientPoints

from . import reminders, schemas, services
from .errors import AlreadyCheckedIn, DateNotAllowed, NoMakeUpsLeft
from .month_view import MonthShown, month_view
from .together import Arrival, check_in_together

blp = Blueprint(
    "checkins",
    url_prefix="/api/v1/checkins",
    title="签到 Check-in",
    description="每日签到、连续与累计奖励、补签 · daily check-in, milestones, make-ups",
)


@blp.get("")
@for_member
@blp.arguments(schemas.MonthQuerySchema, location="query")
@blp.response(200, schemas.CalendarSchema)
def calendar(query: dict[str, Any]) -> MonthShown:
    """签到日历 · The calendar of a month

    一次返回整月：已签、补签、将得积分、里程碑与补签机会。 A whole month in one call: what was, what
    each day to come will bring, milestones, and what can be made up.
    """
    return month_view(current_member_id(), query.get("month"))


@blp.post("")
@for_member
@blp.problems(AlreadyCheckedIn, AccountClosed)
@blp.response(201, schemas.CheckedInSchema)
@keeps_own_record
def check_in() -> Response:
    """今日签到 · Check in today

    按商城所在时区的自然日，每天一次。 Once a day, by the shop's calendar.
    """
    done = check_in_together(Arrival(current_member_id(), claim_of_request()))
    return told(done.answer, is_repeat=done.is_repeat)


@blp.post("/make-ups")
@for_member
@blp.problems(AlreadyCheckedIn, DateNotAllowed, NoMakeUpsLeft, InsufficientPoints, AccountClosed)
@blp.arguments(schemas.MakeUpSchema)
@idempotent
@blp.response(201, schemas.MadeUpSchema)
def make_up(given: dict[str, Any]) -> services.MadeUp:
    """补签 · Make up a missed day

    先用补签卡，没有则扣积分；连续天数随之修复，里程碑不重复发放。 A card pays, else points; the streak
    is mended, and no milestone is paid twice.
    """
    return services.make_up(current_member_id(), given["date"])


@blp.get("/reminder")
@for_member
@blp.problems(NotFound)
@blp.response(200, schemas.ReminderSchema)
def show_reminder() -> dict[str, str]:
    """我的签到提醒 · When I am reminded"""
    minute = reminders.reminder_of(current_member_id())
    if minute is None:
        raise NotFound("no reminder was asked for")
    return {"at": f"{minute // 60:02}:{minute % 60:02}"}


@blp.put("/reminder")
@for_member
@blp.arguments(schemas.ReminderSchema)
@blp.response(200, schemas.ReminderSchema)
def set_reminder(given: dict[str, str]) -> dict[str, str]:
    """设置签到提醒 · Remind me

    每天到点仍未签到时发一条订阅消息（需先授权 `checkin_reminder` 模板）。 One subscribe message at
    that time on days not yet checked in; the template `checkin_reminder` must have been accepted.
    """
    hours, minutes = given["at"].split(":")
    reminders.remind_at(current_member_id(), int(hours) * 60 + int(minutes))
    return given


@blp.delete("/reminder")
@for_member
@blp.response(204)
def drop_reminder() -> None:
    """取消签到提醒 · Do not remind me"""
    reminders.do_not_remind(current_member_id())
