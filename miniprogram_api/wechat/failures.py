"""How calls to WeChat fail: counted by the minute in Redis, so that the merchant's pages can tell.

Nothing rests on it. A call that failed fails no worse while Redis is away, and waits for one pipeline
at most. Only errors are counted: that a shopper accepts no message, or that WeChat knows no payment of
a number, is an answer.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from miniprogram_api.core.clock import now
from miniprogram_api.core.log import log
from miniprogram_api.core.redis import redis_client, redis_errors

from . import errors as e
from .answers import LOGIN, NO_RECENT_VISIT, PHONE_NUMBER, STABLE_TOKEN
from .shipping import ALREADY_REPORTED, IS_MANAGED, UPLOAD
from .tokens import RedisFactory

KEPT = timedelta(hours=24)
HOUR = timedelta(hours=1)

APIS = {
    LOGIN: "code2Session",
    STABLE_TOKEN: "getStableAccessToken",
    PHONE_NUMBER: "getPhoneNumber",
    "/cgi-bin/message/subscribe/send": "subscribeMessage.send",
    "/wxa/getwxacodeunlimit": "getUnlimitedQRCode",
    "/wxa/msg_sec_check": "msgSecCheck",
    "/wxa/getuserriskrank": "getUserRiskRank",
    "/wxa/generate_urllink": "generateUrlLink",
    UPLOAD: "uploadShippingInfo",
    IS_MANAGED: "isTradeManaged",
}
"""How WeChat's documentation calls what stands at a path."""

_ANSWERS = (e.MessageRefused, e.PaymentUnknown, e.PaymentClosed, e.AlreadyPaid)
_ANSWER_CODES = {NO_RECENT_VISIT, *ALREADY_REPORTED}
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_log = log(__name__)


@dataclass(frozen=True)
class Failure:
    """How often a call has failed in one way.

    :param code: WeChat's own; empty where none came.
    :param kind: the name of the error that it became.
    """

    api: str
    code: str
    kind: str
    times: int


class Tally:
    """Counts the failures of a client.

    :param redis: gives the Redis to count in, or None.
    """

    def __init__(self, redis: RedisFactory) -> None:
        self._redis = redis

    def note(self, api: str, problem: e.WeChatError) -> None:
        """Count a failure, if Redis can be reached."""
        if isinstance(problem, _ANSWERS) or problem.errcode in _ANSWER_CODES:
            return
        moment = now()
        key = _key(moment)
        try:
            redis = self._redis()
            if redis is None:
                return
            with redis.pipeline(transaction=False) as counting:
                counting.hincrby(key, _field(moment, api, problem), 1)
                counting.expire(key, KEPT + HOUR)
                counting.execute()
        except Exception as error:  # noqa: BLE001 - whatever it is, the call's own failure is what matters
            _log.warning("wechat_failure_not_counted", error=type(error).__name__)


def recent(span: timedelta = KEPT) -> list[Failure]:
    """How calls failed within the last so long, 24 hours at most, to the minute; the most frequent first.

    :raises RedisAway: nobody can tell.
    """
    until = now()
    since = (until - span).replace(second=0, microsecond=0)
    hours = [since + step * HOUR for step in range((_hour(until) - _hour(since)) // HOUR + 1)]
    with redis_errors(), redis_client().pipeline(transaction=False) as asking:
        for hour in hours:
            asking.hgetall(_key(hour))
        told = asking.execute()
    counts: Counter[tuple[str, str, str]] = Counter()
    for hour, fields in zip(hours, told, strict=True):
        for field, times in fields.items():
            minute, api, code, kind = field.decode().split("|")
            if _hour(hour) + timedelta(minutes=int(minute)) >= since:
                counts[api, code, kind] += int(times)
    return [Failure(*what, times=times) for what, times in counts.most_common()]


def _field(moment: datetime, api: str, problem: e.WeChatError) -> str:
    code = str(problem.errcode or problem.pay_code or "")
    parts = (APIS.get(api, api), code[:32], type(problem).__name__)
    return "|".join([f"{moment:%M}", *(_UNSAFE.sub("", part) for part in parts)])


def _key(moment: datetime) -> str:
    return f"wechat:failures:{moment.astimezone(UTC):%Y-%m-%dT%H}"


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
