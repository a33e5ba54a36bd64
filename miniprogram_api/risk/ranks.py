"""WeChat's estimate of a shopper's risk, asked at most once a day where the shop has it."""

from typing import cast

from miniprogram_api.core.log import log
from miniprogram_api.core.redis import RedisAway, redis_client, redis_errors
from miniprogram_api.core.settings import settings
from miniprogram_api.wechat.errors import WeChatError
from miniprogram_api.wechat.extension import wechat

NOTHING_KNOWN = 0
WHILE_AWAY = 1
CALM_SECONDS, TENSE_SECONDS, AWAY_SECONDS = 24 * 3600, 3600, 60
REGISTER, MARKETING = 0, 1

_UNKNOWN = b"unknown"
_log = log(__name__)


def rank_of(person: str, openid: str, client_ip: str, scene: int = REGISTER) -> int | None:
    """The risk rank, 0 to 4; None: WeChat does not know the shopper, which is no 0.

    0 where the shop does not ask. While WeChat is away it is 1, and is not asked again for a minute.

    :param person: the keyed hash under which the rank is kept.
    """
    if not settings().wechat_risk_rank:
        return NOTHING_KNOWN
    kept = _kept(person)
    if kept is not None:
        return None if kept == _UNKNOWN else int(kept)
    try:
        rank = wechat().risk_rank(openid, client_ip, scene)
    except WeChatError as error:
        _log.warning("risk_rank_away", reason=type(error).__name__)
        _keep(person, b"%d" % WHILE_AWAY, AWAY_SECONDS)
        return WHILE_AWAY
    calm = rank is not None and rank < 2
    text = _UNKNOWN if rank is None else b"%d" % rank
    _keep(person, text, CALM_SECONDS if calm else TENSE_SECONDS)
    return rank


def _kept(person: str) -> bytes | None:
    try:
        with redis_errors():
            return cast("bytes | None", redis_client().get(_key(person)))
    except RedisAway:
        return None


def _keep(person: str, text: bytes, seconds: int) -> None:
    try:
        with redis_errors():
            redis_client().set(_key(person), text, ex=seconds)
    except RedisAway as away:
        _log.warning("risk_rank_not_kept", reason=str(away))


def _key(person: str) -> str:
    return f"{{person:{person}}}:risk_rank"
