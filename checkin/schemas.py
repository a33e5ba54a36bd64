"""What check-in's endpoints take and show."""

from typing import Any

from marshmallow import fields

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Day, Integer, Moment, Month, Schema, Token
from points_mall.grants.kinds import name_of
from points_mall.grants.rewards import POINTS, Reward

MINUTE_PATTERN = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _shown_rewards(milestone: Any) -> list[dict[str, Any]]:
    return [_shown(reward) for reward in milestone.rewards]


def _shown(reward: Reward) -> dict[str, Any]:
    much = {"points" if reward.kind == POINTS else "amount": reward.amount}
    item = {} if reward.item is None else {"item": reward.item}
    return {"kind": reward.kind, "name": name_of(reward.kind, language()), **much, **item}


class MonthQuerySchema(Schema):
    """Which month."""

    month = Month(metadata={"description": "默认本月 · this month unless told"})


class PromisedRewardSchema(Schema):
    """A reward that a rule promises."""

    kind = fields.String(required=True)
    name = fields.String(required=True)
    points = Integer()
    amount = Integer()
    item = fields.String()


class GivenRewardSchema(Schema):
    """A reward that was given, and for what."""

    kind = fields.String(required=True)
    cause = fields.String(required=True, metadata={"enum": ["daily", "streak", "month", "ever"]})
    points = Integer()
    amount = Integer()


class CheckedInSchema(Schema):
    """What a check-in brought."""

    date = Day(required=True, attribute="day")
    streak_days = Integer(required=True)
    day_of_cycle = Integer(required=True)
    rewards = fields.List(fields.Nested(GivenRewardSchema), required=True)
    points_awarded = Integer(required=True)
    points_available = Integer(required=True)


class MakeUpSchema(Schema):
    """Which day is made up."""

    date = Day(required=True)


class MadeUpSchema(Schema):
    """What a make-up mended, brought and cost."""

    date = Day(required=True, attribute="checked_in.day")
    streak_days = Integer(required=True)
    day_of_cycle = Integer(required=True, attribute="checked_in.day_of_cycle")
    rewards = fields.List(
        fields.Nested(GivenRewardSchema), required=True, attribute="checked_in.rewards"
    )
    points_awarded = Integer(required=True, attribute="checked_in.points_awarded")
    points_available = Integer(required=True, attribute="checked_in.points_available")
    paid_with = fields.String(required=True, metadata={"enum": ["card", "points", "free"]})
    points_spent = Integer(required=True)


class CalendarDaySchema(Schema):
    """A day of the calendar."""

    date = Day(required=True)
    checked_in = fields.Boolean(required=True)
    made_up = fields.Boolean(required=True)
    can_make_up = fields.Boolean(required=True)
    reward_points = Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "已得或将得的积分；太远的日子为 null · "
            "what it brought, or will bring to who comes every day; null: too far ahead"
        },
    )


class MilestoneSchema(Schema):
    """A milestone, and how far it is."""

    kind = fields.String(required=True, metadata={"enum": ["streak", "total"]})
    days = Integer(required=True)
    period = fields.String(
        required=True, allow_none=True, metadata={"enum": ["month", "ever", None]}
    )
    rewards = fields.Function(
        _shown_rewards,
        required=True,
        metadata={"type": "array", "items": {"type": "object"}},
    )
    reached = fields.Boolean(required=True)
    days_left = Integer(required=True)


class MakeUpsSchema(Schema):
    """What can be made up now, and what it costs."""

    cards = Integer(required=True)
    points_cost = Integer(
        required=True, allow_none=True, metadata={"description": "null: only a card pays"}
    )
    left_this_month = Integer(required=True)
    earliest = Day(
        required=True, allow_none=True, metadata={"description": "null: nothing can be made up"}
    )


class CalendarSchema(Schema):
    """A month of the member's check-ins."""

    month = Month(required=True)
    today = Day(required=True)
    checked_in_today = fields.Boolean(required=True)
    streak_days = Integer(required=True)
    total_days = Integer(required=True)
    days = fields.List(fields.Nested(CalendarDaySchema), required=True)
    milestones = fields.List(fields.Nested(MilestoneSchema), required=True)
    make_up = fields.Nested(MakeUpsSchema, required=True)
    server_time = Moment(required=True)


class ReminderSchema(Schema):
    """When to be reminded, by the shop's clock."""

    at = Token(MINUTE_PATTERN, required=True, metadata={"example": "20:00"})
