"""What the lottery's endpoints take and show."""

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Day, Id, Integer, Moment, Schema, Token

from .audience import AGAIN, CHANCE, FREE, POINTS
from .guarantee import GUARANTEE, ODDS
from .shown import ENDED, RUNNING, UPCOMING

NONCE_PATTERN = "^[\\x21-\\x7e]{8,64}$"


class WishSchema(Schema):
    """A draw."""

    nonce = Token(
        NONCE_PATTERN,
        metadata={
            "description": "自选随机串，商家无法预知；缺省由服务器生成 · chosen by the member, so that "
            "nobody knows the result ahead; made by the server where it is left out"
        },
    )


class PrizeSchema(Schema):
    """A prize."""

    id = Id(required=True)
    name = fields.String(required=True)
    kind = fields.String(
        required=True,
        metadata={"description": "points, coupon, reward, draw_again, nothing, …"},
    )
    position = Integer(required=True)


class PrizeOddsSchema(PrizeSchema):
    """A prize with its odds, which are the numbers that draw."""

    odds_bp_text = fields.String(
        required=True, metadata={"description": "万分比 · basis points: `1` is 0.01 %"}
    )
    odds_text = fields.String(required=True, metadata={"example": "0.01%"})
    value_fen = Integer(required=True)
    remaining = Integer(
        required=True, allow_none=True, metadata={"description": "null：不限量 · no limit"}
    )
    is_consolation = fields.Boolean(
        required=True, metadata={"description": "奖品发完时改发此奖 · given where one has run out"}
    )
    is_guaranteed = fields.Boolean(required=True)


class FairnessSchema(Schema):
    """The promise of the day."""

    algorithm = fields.String(required=True)
    commitment = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "当日种子的 SHA-256 · SHA-256 of the day's seed"},
    )
    period = fields.String(required=True, allow_none=True, metadata={"format": "date"})


class WheelSchema(Schema):
    """A wheel as the member sees it."""

    id = Id(required=True)
    title = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([UPCOMING, RUNNING, ENDED]))
    opens_at = Moment(required=True)
    closes_at = Moment(required=True, allow_none=True)
    version = Integer(required=True)
    points_cost = Integer(
        required=True, metadata={"description": "每次积分；0 表示不可用积分 · 0: points do not pay"}
    )
    chances = Integer(required=True, metadata={"description": "抽奖机会 · draw chances owned"})
    free_draws_left = Integer(required=True, metadata={"description": "今日免费次数 · free today"})
    draws_left_today = Integer(
        required=True,
        allow_none=True,
        metadata={"description": "今日还可抽；null：不限 · by the limits; null: no limit"},
    )
    daily_limit = Integer(required=True, allow_none=True)
    total_limit = Integer(required=True, allow_none=True)
    min_tier = fields.String(required=True, allow_none=True)
    new_member_days = Integer(required=True, allow_none=True)
    guarantee_nth = Integer(required=True, allow_none=True)
    guaranteed_within = Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "至多再抽几次必得保底奖 · a guaranteed prize within so many draws"
        },
    )
    prizes = fields.List(fields.Nested(PrizeOddsSchema), required=True)
    rules = fields.String(required=True)
    fairness = fields.Nested(FairnessSchema, required=True)
    server_time = Moment(required=True)


class GrantedSchema(Schema):
    """What was given, by its kind."""

    kind = fields.String(required=True)
    points = Integer()
    amount = Integer()
    title = fields.String()
    expires_at = fields.String(allow_none=True, metadata={"format": "date-time"})
    order_no = fields.String()
    fulfilment = fields.String()
    status = fields.String()
    pickup_code = fields.String(allow_none=True)


class DrawProofSchema(Schema):
    """Where the draw stands in the day's row of draws."""

    commitment = fields.String(required=True)
    period = fields.String(required=True, metadata={"format": "date"})
    draw_index = Integer(required=True)


def _paid_by() -> fields.String:
    return fields.String(required=True, validate=validate.OneOf([AGAIN, FREE, CHANCE, POINTS]))


class DrawnSchema(Schema):
    """The answer to a draw."""

    draw_no = fields.String(required=True)
    prize = fields.Nested(PrizeSchema, required=True)
    granted = fields.Nested(GrantedSchema, required=True)
    paid_by = _paid_by()
    points = Integer(required=True, metadata={"description": "所付积分 · points paid"})
    points_available = Integer(required=True)
    chances = Integer(required=True)
    proof = fields.Nested(DrawProofSchema, required=True)


class WheelNameSchema(Schema):
    """Which wheel."""

    id = Id(required=True)
    title = fields.String(required=True)


class DrawSchema(Schema):
    """A draw of the member's."""

    draw_no = fields.String(required=True)
    wheel = fields.Nested(WheelNameSchema, required=True)
    prize = fields.Nested(PrizeSchema, required=True)
    granted = fields.Dict(required=True)
    paid_by = _paid_by()
    points = Integer(required=True)
    created_at = Moment(required=True)


class PrizeWeightSchema(Schema):
    """A prize as it is drawn."""

    position = Integer(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    weight = Integer(required=True)
    is_consolation = fields.Boolean(required=True)
    is_guaranteed = fields.Boolean(required=True)


class DrawRecordSchema(Schema):
    """The record of a draw, without the member's name."""

    draw_no = fields.String(required=True)
    draw_index = Integer(required=True)
    version = Integer(required=True)
    member_ref = fields.String(required=True, metadata={"description": "会员代号 · a pseudonym"})
    nonce = fields.String(required=True)
    rule = fields.String(required=True, validate=validate.OneOf([ODDS, GUARANTEE]))
    digest_hex = fields.String(required=True)
    picked_position = Integer(required=True)
    granted_position = Integer(required=True)
    paid_by = _paid_by()
    points = Integer(required=True)
    granted = fields.Dict(required=True)
    created_at = fields.AwareDateTime(
        required=True, metadata={"description": "UTC，精确到微秒 · UTC, to the microsecond"}
    )
    prev_hash = fields.String(required=True)
    hash = fields.String(required=True)


class ProofSchema(DrawRecordSchema):
    """What is needed to recompute a draw."""

    algorithm = fields.String(required=True)
    wheel_id = Id(required=True)
    period = Day(required=True)
    commitment = fields.String(required=True)
    seed_hex = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "当日结束后公布 · published when the day is over"},
    )
    prizes = fields.List(fields.Nested(PrizeWeightSchema), required=True)
    weight_total = Integer(required=True)
    guarantee_nth = Integer(required=True, allow_none=True)
    version_hash = fields.String(required=True)


class VersionSchema(Schema):
    """Odds that were in force from a moment on."""

    version = Integer(required=True)
    effective_at = Moment(required=True)
    weight_total = Integer(required=True)
    guarantee_nth = Integer(required=True, allow_none=True)
    hash = fields.String(required=True)
    prizes = fields.List(fields.Nested(PrizeWeightSchema), required=True)


class DayQuerySchema(Schema):
    """Which day."""

    day = Day(metadata={"description": "默认今天 · today unless told"})


class PastDaySchema(Schema):
    """Which day that is over."""

    day = Day(required=True)


class DayOfWheelSchema(Schema):
    """A day of a wheel: the promise, and the seed once it is over."""

    wheel_id = Id(required=True)
    title = fields.String(required=True)
    algorithm = fields.String(required=True)
    period = Day(required=True)
    commitment = fields.String(required=True)
    committed_at = Moment(required=True)
    seed_hex = fields.String(required=True, allow_none=True)
    revealed_at = Moment(required=True, allow_none=True)
    draws = Integer(required=True, allow_none=True)
    last_hash = fields.String(required=True, allow_none=True)
    versions = fields.List(fields.Nested(VersionSchema), required=True)


class WinnerSchema(Schema):
    """Somebody who won."""

    name_masked = fields.String(required=True)
    prize = fields.String(required=True)
    at = Moment(required=True)


class WinnersSchema(Schema):
    """The latest winners."""

    items = fields.List(fields.Nested(WinnerSchema), required=True)
