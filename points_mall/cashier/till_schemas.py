"""Tills, hand-overs, shifts and sales without the network, as their endpoints take and show them."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from miniprogram_api.http.schemas import (
    Fen,
    Id,
    Moment,
    Schema,
    Text,
    Token,
)
from points_mall.purchases.bills import MOST_FEN

from .codes import is_receipt_code
from .fields import (
    RECEIPT_PATTERN,
    TILL_PATTERN,
    SignedMoment,
    figure,
    moment,
    word,
)
from .models import TENDERS

SIGNATURE_PATTERN = r"^[A-Za-z0-9+/]{86}==$"
MOST_OFFLINE = 100


class NewTillSchema(Schema):
    """A till and the key of its device."""

    code = Token(TILL_PATTERN, required=True)
    name = Text(32, required=True)
    store = Text(32)
    public_key = Token(
        r"^[A-Za-z0-9+/]{40,240}={0,2}$",
        required=True,
        metadata={"description": "P-256, SPKI DER, base64"},
    )


class TillSchema(Schema):
    """A till."""

    code = word()
    name = word()
    store = word(allow_none=True)
    is_registered = fields.Boolean(required=True)
    has_key = fields.Boolean(required=True)
    registered_by = word()
    registered_at = Moment(required=True)
    locked_until = Moment(required=True, allow_none=True)
    revoked_at = Moment(required=True, allow_none=True)


class WhySchema(Schema):
    """Why."""

    reason = Text(80, required=True)


class PickupSchema(Schema):
    """An order at the counter."""

    order_no = word()
    title = word()
    quantity = figure()
    points = figure()
    cash_fen = figure()
    status = word()
    collected_at = moment(allow_none=True)
    can_confirm = fields.Boolean(required=True)
    can_undo = fields.Boolean(required=True)
    undo_until = moment(allow_none=True)


class TenderSumSchema(Schema):
    """What was taken in one tender."""

    tender = word()
    count = figure()
    fen = figure()


class ShiftSchema(Schema):
    """A shift, as it is printed."""

    shift_id = word(allow_none=True)
    till = word()
    store = word(allow_none=True)
    cashier = word()
    opened_at = moment(allow_none=True)
    closed_at = moment(allow_none=True)
    sales = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    tenders = fields.List(fields.Nested(TenderSumSchema), required=True)
    refunds = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    cash_in_drawer_fen = figure("现金销售减现金退款 · cash taken less cash given back")
    points = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    pickups = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class OfflineSaleSchema(Schema):
    """A sale that was made without the network, signed by the till's device."""

    receipt_no = Token(RECEIPT_PATTERN, required=True)
    amount_fen = Fen(maximum=MOST_FEN, required=True)
    sold_at = SignedMoment(required=True)
    member = Token(r"^[0-9]{0,24}$", load_default="")
    receipt_code = Token(r"^(89[0-9]{18})?$", load_default="")
    tender = fields.String(load_default="", validate=validate.OneOf(["", *TENDERS]))
    signature = Token(SIGNATURE_PATTERN, required=True)

    @validates_schema
    def _has_check_digit(self, data: dict[str, Any], **_rest: Any) -> None:
        code = data.get("receipt_code", "")
        if code and not is_receipt_code(code):
            raise ValidationError("Not a receipt code.", "receipt_code")


class OfflineSalesSchema(Schema):
    """Sales in the order in which they were made."""

    sales = fields.List(
        fields.Nested(OfflineSaleSchema),
        required=True,
        validate=validate.Length(1, MOST_OFFLINE),
    )


class OfflineAnswerSchema(Schema):
    """What became of one of them."""

    receipt_no = word()
    outcome = fields.String(
        required=True, validate=validate.OneOf(["recorded", "repeated", "conflict"])
    )
    sale_no = word(allow_none=True)
    reason = word(allow_none=True)


class OfflineAnswersSchema(Schema):
    """What became of them, in order."""

    items = fields.List(fields.Nested(OfflineAnswerSchema), required=True)


class OfflineConflictSchema(Schema):
    """A sale that did not come through whole."""

    id = Id(required=True)
    till = word()
    receipt_no = word()
    reason = word()
    sale_no = word(allow_none=True)
    told = fields.Dict(keys=fields.String(), required=True)
    received_at = Moment(required=True)
