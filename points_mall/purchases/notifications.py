"""Where WeChat Pay tells of payments and refunds: `/wechat/pay/notifications`.

Verified on the raw bytes, stored, answered; what it means is found out later (`draining`). WeChat
repeats whatever is not answered within five seconds, and the repeat is stored once.
"""

from flask import Blueprint, Response, jsonify, request

from miniprogram_api.core.log import log
from miniprogram_api.wechat.errors import NotificationRejected
from miniprogram_api.wechat.extension import pay
from miniprogram_api.wechat.push import signed_by_wechat

from . import inbox
from .states import WECHAT_PAY

blueprint = Blueprint("wechat_pay_notifications", __name__)
_log = log(__name__)


@blueprint.post("/wechat/pay/notifications")
@signed_by_wechat
def receive_notification() -> Response:
    """Take one notification: 204 once it is stored, 401 for what is not provably WeChat's."""
    try:
        told = pay().read_notification(request.headers, request.get_data(cache=False))
    except NotificationRejected as rejected:
        answer = jsonify(rejected.answer)
        answer.status_code = 401
        return answer
    inbox.store(WECHAT_PAY, told.id, told.event_type, told.resource)
    _log.info("payment_notice_stored", notice=told.id, kind=told.event_type)
    return Response(status=204)
