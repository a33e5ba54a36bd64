"""The road to WeChat Pay: what is asked, with its failures in our words, and what comes by itself.

Every failure says whether WeChat may have acted; none holds a key, a URL or a shopper's openid.
"""

import time
from collections.abc import Mapping
from typing import Any

import requests
from wechatpayv3.type import RequestType

from miniprogram_api.core.log import log

from . import pay_answers as answers
from .errors import NotificationRejected, WeChatError
from .failures import Tally
from .pay_answers import Notification
from .pay_core import GuardedCore, Headers, PayKeys
from .redaction import quiet_the_libraries
from .tokens import RedisFactory
from .transport import WECHAT_PAY, network_failure, session_to

_log = log(__name__)


class SignedRoad:
    """Requests that we sign, answers and notifications that WeChat signs.

    :param redis: gives the Redis in which failures are counted, or None.
    :raises Exception: a key cannot be read.
    """

    def __init__(
        self,
        keys: PayKeys,
        *,
        base_url: str,
        timeout: tuple[float, float],
        pool_size: int,
        redis: RedisFactory,
    ) -> None:
        session = session_to(base_url, timeout, pool_size, origin=WECHAT_PAY)
        self._core = GuardedCore(keys, session)
        self._failures = Tally(redis)
        quiet_the_libraries()

    def get(self, call: str, path: str) -> dict[str, Any]:
        """Ask for something; `call` is its name in our logs."""
        return self._ask(call, path, RequestType.GET, None)

    def post(self, call: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Have something done; an answer without a body reads as an empty object."""
        return self._ask(call, path, RequestType.POST, body)

    def signature(self, *lines: str) -> str:
        """The merchant's signature of these lines."""
        return str(self._core.sign(lines))

    def open_notification(self, headers: Headers, raw_body: bytes) -> Notification:
        """Verify and decrypt; see `PayClient.read_notification`."""
        try:
            opened = self._core.callback(headers, raw_body.decode())
            if opened:
                return answers.notification_of(opened)
            reason = "signature or ciphertext"
        except Exception as error:  # noqa: BLE001 - of a stranger's bytes the library may raise anything
            reason = type(error).__name__
        _log.warning("wechat_pay_notification_rejected", reason=reason)
        raise NotificationRejected(f"not provably from WeChat Pay: {reason}")

    def _ask(
        self, call: str, path: str, method: RequestType, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """One exchange; whatever goes wrong becomes one of our errors.

        It is raised outside the `except` blocks: the library's exceptions hold whole URLs, and
        none of them may hang on ours as its cause or context.
        """
        began = time.monotonic()
        try:
            response = self._core.exchange(path, method, body)
            if response.status_code in {200, 204}:
                return answers.decoded(response.content.decode())
            problem = answers.refusal(
                response.status_code,
                response.content.decode("utf-8", "replace"),
                response.headers.get("Request-ID"),
            )
        except requests.RequestException as error:
            problem = network_failure(error, "WeChat Pay")
        except WeChatError as error:
            problem = error
        _log.warning(
            "wechat_pay_call_failed",
            call=call,
            error=type(problem).__name__,
            pay_code=problem.pay_code,
            request_id=problem.rid,
            milliseconds=round((time.monotonic() - began) * 1000),
        )
        self._failures.note(f"pay.{call}", problem)
        raise problem
