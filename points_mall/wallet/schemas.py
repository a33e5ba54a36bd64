"""What the wallet endpoints show, and the form of a top-up plan."""

from typing import Any

from marshmallow import fields

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Fen, Id, Moment, Schema, Text, Token

from .reasons import title


def _title(row: Any) -> str:
    return title(row.reason, language())


class WalletSchema(Schema):
    """A wallet at a glance."""

    balance_fen = fields.Integer(
        required=True, metadata={"description": "可用余额 · what can be spent: principal and bonus"}
    )
    principal_fen = fields.Integer(
        required=True, metadata={"description": "本金 · paid in by the member"}
    )
    bonus_fen = fields.Integer(
        required=True, metadata={"description": "赠送金 · given by the shop; spent first"}
    )
    debt_fen = fields.Integer(
        required=True, metadata={"description": "欠款 · repaid out of what comes in next"}
    )


class WalletEntrySchema(Schema):
    """One line of the statement."""

    id = Id(required=True)
    amount_fen = fields.Integer(
        required=True, metadata={"description": "above zero given, below zero taken"}
    )
    principal_fen = fields.Integer(required=True, metadata={"description": "of it, principal"})
    bonus_fen = fields.Integer(required=True, metadata={"description": "of it, bonus"})
    balance_after_fen = fields.Integer(required=True)
    debt_after_fen = fields.Integer(required=True)
    reason = fields.String(required=True)
    title = fields.Function(_title, required=True, metadata={"type": "string"})
    occurred_at = Moment(required=True)
    explanation = fields.Dict(
        required=True, allow_none=True, metadata={"description": "where the money comes from"}
    )


class WalletPlanSchema(Schema):
    """A plan to top up with."""

    code = Token("^[a-z0-9][a-z0-9_-]{0,31}$", required=True)
    title = Text(64, required=True)
    pay_fen = Fen(required=True, metadata={"description": "实付 · what it costs"})
    bonus_fen = Fen(0, required=True, metadata={"description": "赠送 · what is added"})


class WalletPlansSchema(Schema):
    """The plans that are offered, the smallest first."""

    items = fields.List(fields.Nested(WalletPlanSchema), required=True)
