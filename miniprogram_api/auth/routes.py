"""A member's sessions: see them, end them. Opening one is logging in (`members`)."""

import sqlalchemy as sa

from miniprogram_api.http.api import Blueprint

from . import services
from .guards import current_member_id, current_session_id, for_member
from .models import MemberSession
from .schemas import SessionSchema

blp = Blueprint(
    "sessions",
    url_prefix="/api/v1/sessions",
    title="会话 Sessions",
    description="查看与结束登录会话 · A member's sessions",
)


@blp.get("")
@for_member
@blp.paged(SessionSchema, MemberSession.id)
def list_sessions() -> sa.Select[MemberSession]:
    """我的登录会话 · My sessions

    仍然有效的会话，最近登录的在前。 Those that are still alive, the latest login first.
    """
    return services.living_sessions(current_member_id())


@blp.delete("/current")
@for_member
@blp.response(204)
def log_out() -> None:
    """退出登录 · Log out

    当前访问令牌随即失效。 The access token of this call is refused from now on.
    """
    services.end_session(current_session_id())


@blp.delete("")
@for_member
@blp.response(204)
def log_out_everywhere() -> None:
    """退出所有设备 · Log out everywhere

    该会员的全部访问令牌在 5 秒内失效。 Every access token of the member is refused within 5 seconds.
    """
    services.end_all_sessions(current_member_id())
