"""Members at the till, as its endpoints take and show them; and what members call for it."""

from marshmallow import fields

from miniprogram_api.http.schemas import (
    Moment,
    Schema,
    Token,
)

from .fields import figure, moment, word

SCANNED_PATTERN = r"^[^\x00]{1,128}$"


class ScannedSchema(Schema):
    """What the scanner read, as it came."""

    code = Token(SCANNED_PATTERN, required=True)


class PhoneLookupSchema(Schema):
    """The end of a phone number."""

    phone_last4 = Token(r"^[0-9]{4}$", required=True)


class TillNextTierSchema(Schema):
    """How far the next tier is."""

    code = word()
    name = word()
    basis = word("amount, purchases or points")
    needs = figure()


class TierCardSchema(Schema):
    """A tier and what it gives at the till."""

    code = word()
    name = word()
    discount_bp = figure()
    points_multiplier_bp = figure()
    next = fields.Nested(TillNextTierSchema, required=True, allow_none=True)


class CouponReasonSchema(Schema):
    """Why a coupon is not taken."""

    code = word()
    text = word()
    missing_fen = fields.Integer()
    most = fields.Integer()


class CouponCardSchema(Schema):
    """A coupon of the member's."""

    code = word()
    title = word()
    kind = word()
    amount_fen = figure()
    off_bp = figure()
    threshold_fen = figure()
    valid_until = moment()
    usable = fields.Boolean(required=True)
    chosen = fields.Boolean(required=True)
    reason = fields.Nested(CouponReasonSchema, required=True, allow_none=True)


class WorthSchema(Schema):
    """Points that can be spent, and what they could pay."""

    available = figure()
    worth_fen = figure()


class VisitSchema(Schema):
    """When the member last bought something, and for how much."""

    at = moment()
    total_fen = figure()


class CustomerSchema(Schema):
    """A member as a cashier may see one."""

    name_masked = word()
    phone_masked = word(allow_none=True)
    tier = fields.Nested(TierCardSchema, required=True)
    points = fields.Nested(WorthSchema, required=True)
    balance_fen = figure()
    last_visit = fields.Nested(VisitSchema, required=True, allow_none=True)
    coupons = fields.List(fields.Nested(CouponCardSchema), required=True)


class ScanSchema(Schema):
    """A member stands at the till."""

    kind = fields.Constant("member", required=True)
    scan_id = word()
    spends = fields.Boolean(
        required=True,
        metadata={"description": "只有动态会员码可以消费积分 · only live codes spend"},
    )
    expires_at = moment()
    member = fields.Nested(CustomerSchema, required=True)


class FoundSchema(Schema):
    """One of those whose phone ends so; earns only."""

    scan_id = word()
    name_masked = word()
    phone_masked = word(allow_none=True)
    tier = fields.Nested(TierCardSchema, required=True)
    expires_at = moment()


class FoundListSchema(Schema):
    """All of them; the list is short and always whole."""

    items = fields.List(fields.Nested(FoundSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MemberCodeSchema(Schema):
    """A member code to show at the till."""

    code = word("18 位 · shown as QR and as Code 128")
    expires_at = Moment(required=True)
    refresh_after_seconds = figure()
    server_time = Moment(required=True)


class ReceiptClaimSchema(Schema):
    """The code on a receipt."""

    code = Token(r"^[0-9]{20}$", required=True)


class ReceiptClaimedSchema(Schema):
    """What a receipt brought."""

    sale_no = word()
    store = word(allow_none=True)
    total_fen = figure()
    points_earned = figure()
    cashback_fen = figure()
    points_available = figure()
    sold_at = moment()
