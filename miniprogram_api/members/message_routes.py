"""Which messages a member can accept, and has accepted."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.db import current_transaction
from miniprogram_api.http.api import Blueprint
from miniprogram_api.http.idempotency import claim_of_request, idempotent
from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Schema, Token
from miniprogram_api.messaging import opt_in
from miniprogram_api.messaging.kinds import all_kinds, templates_to_ask

TEMPLATE_PATTERN = "^[0-9A-Za-z_-]{1,64}$"
MOST_IN_ONE_PROMPT = 3
"""WeChat shows at most three templates in one prompt."""

blp = Blueprint(
    "subscriptions",
    url_prefix="/api/v1/members/me/subscriptions",
    title="消息 Messages",
    description="订阅消息 · The messages that I accept",
)


class SubscriptionSchema(Schema):
    """A kind of message, and how many of it the member has accepted and not yet received."""

    kind = fields.String(required=True)
    template_id = fields.String(
        required=True, metadata={"description": "For `wx.requestSubscribeMessage`."}
    )
    title = fields.String(required=True)
    accepted = fields.Integer(required=True)


class SubscriptionsSchema(Schema):
    """Every kind that this shop sends; the list is short and always whole."""

    items = fields.List(fields.Nested(SubscriptionSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class AcceptedSchema(Schema):
    """What the member accepted in a prompt."""

    template_ids = fields.List(
        Token(TEMPLATE_PATTERN),
        required=True,
        validate=validate.Length(1, MOST_IN_ONE_PROMPT),
    )


@blp.get("")
@for_member
@blp.response(200, SubscriptionsSchema)
def show() -> dict[str, Any]:
    """可订阅的消息 · Messages to subscribe to

    每次同意可收到一条。 Each acceptance buys one message.
    """
    return _subscriptions()


@blp.post("")
@for_member
@blp.arguments(AcceptedSchema)
@idempotent
@blp.response(201, SubscriptionsSchema)
def accept(given: dict[str, Any]) -> dict[str, Any]:
    """告知已同意的模板 · Report what was accepted

    商户配置了消息推送时以微信的通知为准，此处不计数。 Where WeChat itself tells the shop by message
    push, this is not counted, for it would count twice.
    """
    opt_in.report(current_member_id(), given["template_ids"], source=claim_of_request().key)
    current_transaction().flush()  # the answer counts what was just reported
    return _subscriptions()


def _subscriptions() -> dict[str, Any]:
    accepted = opt_in.quotas(current_member_id())
    title = f"title_{language()}"
    items = [
        {
            "kind": one["kind"],
            "template_id": one["template_id"],
            "title": one[title],
            "accepted": accepted.get(one["kind"], 0),
        }
        for one in templates_to_ask(all_kinds())
    ]
    return {"items": items, "next_cursor": None}
