"""Whether a nickname may be shown: WeChat's content check.

A risky nickname is refused. One that WeChat would have a person look at, or that could not be
checked because WeChat was away, is kept and shown to its owner alone (`nickname_checked` is false).
"""

from miniprogram_api.core.log import log
from miniprogram_api.wechat.answers import Suggestion
from miniprogram_api.wechat.errors import WeChatError
from miniprogram_api.wechat.extension import wechat

from .errors import NicknameNotAllowed

PROFILE_SCENE = 1

_log = log(__name__)


def is_fit_for_others(nickname: str, openid: str | None) -> bool:
    """Whether everybody may see it; an outbound call, so made before any transaction.

    :param openid: of its owner; without one WeChat cannot judge.
    :raises NicknameNotAllowed: nobody may.
    """
    if openid is None:
        return False
    try:
        verdict = verdict_on(nickname, openid)
    except WeChatError as error:
        _log.warning("nickname_not_checked", reason=type(error).__name__)
        return False
    if verdict == "risky":
        raise NicknameNotAllowed("the nickname is not fit to be shown")
    return verdict == "pass"


def verdict_on(nickname: str, openid: str) -> Suggestion:
    """What WeChat says: `pass`, `review` or `risky`.

    :raises WeChatError: nothing, for now.
    """
    return wechat().check_text(openid, nickname, scene=PROFILE_SCENE).suggest
