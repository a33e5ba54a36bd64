"""Who is asking, as WeChat Cloud Run (微信云托管) tells in headers.

There a request reaches us through WeChat's own network, which writes these headers itself and
removes what a client sends under their names. Anywhere else anybody can write them, so they are
read in that mode only, and in that mode the service must have no public address (docs/wechat.md).
"""

import re
from collections.abc import Mapping

from werkzeug.datastructures import Headers

from miniprogram_api.core.settings import settings

from .answers import WeChatSession

_NAME = re.compile(r"[0-9A-Za-z_-]{1,128}")


def cloud_run_identity(headers: Mapping[str, str] | Headers) -> WeChatSession | None:
    """Who is asking, or None where the headers are not to be believed.

    :param headers: the request's, looked up without regard to case.
    """
    configured = settings()
    if configured.wechat_identity != "cloud_run" or not configured.wx_appid:
        return None
    if headers.get("X-WX-APPID") != configured.wx_appid:
        return None  # a mini-program that shares our resources has openids of its own
    openid, unionid = headers.get("X-WX-OPENID", ""), headers.get("X-WX-UNIONID", "")
    if not _NAME.fullmatch(openid):
        return None
    return WeChatSession(openid, unionid if _NAME.fullmatch(unionid) else None)
