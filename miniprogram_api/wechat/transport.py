"""The road to WeChat: one pool of connections with time-outs and a limit on what is read.

wechatpy forgets its time-out when it fetches a token and reads answers of any size; an adapter
under it cures both for every call, and sends them to a simulator where one is configured.
"""

import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)

from .errors import WeChatUnavailable

OPEN_PLATFORM = "https://api.weixin.qq.com"
WECHAT_PAY = "https://api.mch.weixin.qq.com"
MAX_ANSWER_BYTES = 2 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


class AnswerTooLarge(requests.RequestException):
    """The other side sends more than any answer of WeChat's can be."""


class AnswerTooSlow(requests.Timeout):
    """The other side keeps dripping bytes past the deadline."""


class OriginAdapter(HTTPAdapter):
    """Carries requests for one origin of WeChat's, to `target` where that is another one.

    :param timeout: seconds to connect, seconds to wait for the next byte. The whole answer may
        take twice the latter.
    """

    def __init__(self, target: str, timeout: tuple[float, float], pool_size: int) -> None:
        self._target = urlsplit(target.rstrip("/"))
        self._timeout = timeout
        # No retries: a login code is good for one request, and a message would be sent twice.
        super().__init__(pool_connections=1, pool_maxsize=pool_size, max_retries=0)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send to the target, and read the whole answer within the limits."""
        url = urlsplit(request.url or "")
        request.url = urlunsplit(
            (
                self._target.scheme,
                self._target.netloc,
                self._target.path + str(url.path),
                str(url.query),
                "",
            )
        )
        kwargs |= {"timeout": self._timeout, "stream": True}
        response = super().send(request, *args, **kwargs)
        try:
            # requests has no public way to hand it a body that is already read
            response._content = self._bounded_body(response)  # noqa: SLF001
        except BaseException:
            response.close()
            raise
        return response

    def _bounded_body(self, response: requests.Response) -> bytes:
        """The whole body, if it is small enough and comes in time."""
        deadline = time.monotonic() + 2 * self._timeout[1]
        body = bytearray()
        try:
            # read1 gives what has come, so that a dripping answer meets the deadline.
            while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise AnswerTooLarge(f"more than {MAX_ANSWER_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise AnswerTooSlow("the answer drips")
        except ReadTimeoutError:
            raise requests.ReadTimeout("the answer stopped") from None
        except HTTPError as error:
            raise requests.ConnectionError(type(error).__name__) from None
        return bytes(body)


def session_to(
    target: str, timeout: tuple[float, float], pool_size: int, origin: str = OPEN_PLATFORM
) -> requests.Session:
    """A session that speaks to WeChat only, ignores proxies of the environment, keeps no cookies.

    Nothing in it changes after this, so any number of threads may share it: urllib3's pool is
    made for that, and cookies, the one thing that requests would write, are refused.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for prefix in list(session.adapters):
        del session.adapters[prefix]
    session.mount(origin + "/", OriginAdapter(target, timeout, pool_size))
    return session


def network_failure(error: requests.RequestException, whom: str) -> WeChatUnavailable:
    """A failure on the way, by its kind alone: its text holds the URL.

    WeChat cannot have acted where no connection came about; otherwise it may have.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unavailable = WeChatUnavailable(
        f"{whom} could not be reached: {type(error).__name__}", retry_after_seconds=2
    )
    unavailable.maybe_done = not isinstance(error, requests.ConnectTimeout) and not isinstance(
        reason, NewConnectionError | ConnectTimeoutError
    )
    return unavailable
