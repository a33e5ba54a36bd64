"""Business circle endpoints."""

from datetime import datetime
from typing import Any

from miniprogram_api.auth.guards import current_member_id, for_member
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.http.api import Blueprint
from miniprogram_api.wechat.errors import PaymentNotConfigured, WeChatUnavailable

from . import authorizing
from .errors import BusinessCircleOff, UnknownToWeChat
from .models import CircleShopper
from .schemas import BusinessCircleSchema
from .states import Authorization

blp = Blueprint(
    "business_circle",
    url_prefix="/api/v1/business-circle",
    description="智慧商圈：在商场内用微信支付，积分自动到账 · pay in the mall, and the points are there",
    title="智慧商圈 Business circle",
)


@blp.get("")
@for_member
@blp.problems(BusinessCircleOff)
@blp.response(200, BusinessCircleSchema)
def business_circle() -> dict[str, Any]:
    """我的授权 · My authorisation

    微信最近一次告知的状态；从插件返回后请调用 `/refresh`。 As WeChat said last; after the plugin, call
    `/refresh`.
    """
    authorizing.require_enabled()
    return _shown(authorizing.shopper_of(current_member_id()))


@blp.post("/refresh")
@for_member
@blp.problems(BusinessCircleOff, UnknownToWeChat, WeChatUnavailable, PaymentNotConfigured)
@blp.response(200, BusinessCircleSchema)
def refresh() -> dict[str, Any]:
    """向微信查询授权 · Ask WeChat

    会员在插件里开启或关闭后立即查询。 Right after the member has switched it on or off in the plugin.
    """
    authorizing.require_enabled()
    return _shown(authorizing.ask_about(current_member_id()))


def _shown(shopper: CircleShopper | None) -> dict[str, Any]:
    if shopper is None:
        nothing = dict.fromkeys(("authorized_at", "deauthorized_at", "told_at"))
        return {"authorized": False, "state": Authorization.UNAUTHORIZED.value, **nothing}
    return {
        "authorized": shopper.state == Authorization.AUTHORIZED,
        "state": shopper.state,
        "authorized_at": _told(shopper.authorized_at),
        "deauthorized_at": _told(shopper.deauthorized_at),
        "told_at": _told(shopper.told_at),
    }


def _told(moment: datetime | None) -> str | None:
    return in_shop_time(moment).isoformat() if moment else None
