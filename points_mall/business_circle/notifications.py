"""Where WeChat Pay tells the mall: verified on raw bytes, stored, answered; applied later."""

from flask import Blueprint, Response, jsonify, make_response, request

from miniprogram_api.wechat.errors import NotificationRejected
from miniprogram_api.wechat.extension import pay
from miniprogram_api.wechat.push import signed_by_wechat
from points_mall.purchases.inbox import store
from points_mall.purchases.states import BUSINESS_CIRCLE

from .authorizing import require_enabled

PATH = "/wechat/business-circle/notifications"

blueprint = Blueprint("business_circle_notifications", __name__)


@blueprint.post(PATH)
@signed_by_wechat
def receive() -> Response:
    """Take one notification; WeChat sends it again unless it hears 204 within five seconds."""
    require_enabled()
    try:
        told = pay().read_notification(request.headers, request.get_data(cache=False))
    except NotificationRejected as rejected:
        return make_response(jsonify(rejected.answer), 401)
    store(BUSINESS_CIRCLE, told.id, told.event_type, told.resource)
    return Response(status=204)
