"""Why a caller is not believed."""

from miniprogram_api.core.errors import Unauthorized


class TokenMissing(Unauthorized):
    """The call needs a signed-in caller and carries no bearer token."""

    code = "token_missing"
    title_zh = "请先登录"
    title_en = "Please log in first"


class TokenInvalid(Unauthorized):
    """The token is not one of ours: forged, cut short, of another shop or purpose."""

    code = "token_invalid"
    title_zh = "登录信息无效，请重新登录"
    title_en = "Invalid access token, please log in again"


class TokenExpired(Unauthorized):
    """The token was ours and its time is over: log in again, silently."""

    code = "token_expired"
    title_zh = "登录已过期，请重新登录"
    title_en = "Access token expired, please log in again"


class TokenRevoked(Unauthorized):
    """The session was ended before its time: logged out, or the account is closed."""

    code = "token_revoked"
    title_zh = "登录已失效，请重新登录"
    title_en = "Session ended, please log in again"
