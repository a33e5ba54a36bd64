"""The one client of WeChat's open platform: wechatpy, with its known illnesses cured.

No endless retry, time-outs everywhere, answers of limited size, one shared stable token, errors
that say what a caller can do and hold no secret. Any number of threads may use one client: its
session and settings never change after construction, and `SharedToken` guards the token.
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException

from miniprogram_api.core.log import log

from . import answers, shipping
from .answers import PhoneNumber, TextVerdict, WeChatSession
from .errors import (
    LoginCodeInvalid,
    PhoneCodeInvalid,
    TokenRefused,
    WeChatError,
    WeChatNonsense,
    WeChatRefused,
    WeChatUnavailable,
)
from .failures import Tally
from .redaction import quiet_the_libraries, redacted
from .shipping import Shipment
from .tokens import AccessToken, RedisFactory, SharedToken, no_redis
from .transport import OPEN_PLATFORM, network_failure, session_to

ProgramState = Literal["formal", "trial", "developer"]
CodeVersion = Literal["release", "trial", "develop"]

WITHOUT_TOKEN: dict[str, Any] = {"access_token": None}
TEXT_PIECE, TEXT_STEP = 2500, 2400  # pieces overlap, so that a phrase is seen whole in one of them

_log = log(__name__)


class MiniClient(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """WeChat as our features see it; see `errors` for what its methods raise.

    :param redis: gives the Redis through which processes share the access token, and in which
        failures are counted; a client without one keeps a token of its own and counts none.
    :param timeout: seconds to connect, seconds to wait for the next byte.
    :param pool_size: connections kept open; as many as threads that call at once.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        *,
        base_url: str = OPEN_PLATFORM,
        redis: RedisFactory = no_redis,
        timeout: tuple[float, float] = (3.0, 5.0),
        pool_size: int = 32,
    ) -> None:
        super().__init__(appid, secret, timeout=timeout, auto_retry=False)
        self._http = session_to(base_url, timeout, pool_size)
        self._tokens = SharedToken(appid, self._fetch_token, redis)
        self._failures = Tally(redis)
        quiet_the_libraries()

    # What our features ask

    def code_to_session(self, code: str) -> WeChatSession:
        """Trade a login code, good once and for five minutes, for who logged in. One request.

        :raises LoginCodeInvalid: the shopper's program must call wx.login again.
        """
        if not _is_code(code):
            raise LoginCodeInvalid("this is no login code")
        query = {
            "appid": self.appid,
            "secret": self.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = self._request("get", OPEN_PLATFORM + answers.LOGIN, params=query | WITHOUT_TOKEN)
        return answers.session_of(answer)

    def phone_number(self, code: str) -> PhoneNumber:
        """Trade the code of a getPhoneNumber button for the phone number. WeChat charges for it.

        :raises PhoneCodeInvalid: the shopper must tap the button again.
        """
        if not _is_code(code):
            raise PhoneCodeInvalid("this is no phone code")
        answer = self._post(answers.PHONE_NUMBER, {"code": code})
        return answers.phone_of(answer, self.appid)

    def send_subscribe_message(
        self,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        *,
        page: str | None = None,
        state: ProgramState = "formal",
        language: str = "zh_CN",
    ) -> str | None:
        """Send one of the messages that the shopper has accepted; WeChat's message id, if it tells.

        :param values: the template's fields, `{"thing1": "积分到账"}`.
        :raises MessageRefused: none is left.
        :raises WeChatRefused: a field breaks its rule; the text names it.
        """
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "data": {name: {"value": value} for name, value in values.items()},
            "miniprogram_state": state,
            "lang": language,
        }
        if page is not None:
            body["page"] = page
        answer = self._post("/cgi-bin/message/subscribe/send", body)
        return str(answer["msgid"]) if "msgid" in answer else None

    def mini_program_code(
        self,
        scene: str,
        page: str | None = None,
        *,
        width: int = 430,
        version: CodeVersion = "release",
        check_path: bool = True,
    ) -> bytes:
        """The picture of a code that opens `page` with `scene`, as JPEG or PNG.

        :param scene: 1 to 32 visible characters; a short random id, its meaning kept here.
        :param page: without leading slash or query; None opens the home page.
        """
        body: dict[str, Any] = {
            "scene": scene,
            "width": width,
            "env_version": version,
            "check_path": check_path,
        }
        if page is not None:
            body["page"] = page
        picture = self._request("post", OPEN_PLATFORM + "/wxa/getwxacodeunlimit", data=body)
        if not isinstance(picture, bytes):
            raise WeChatNonsense("no picture came")
        return picture

    def check_text(self, openid: str, text: str, scene: int = 2) -> TextVerdict:
        """What WeChat thinks of a text; of a long one, the worst of its pieces.

        A shopper who has not been in the mini-program within two hours cannot be judged by
        WeChat: such a text is for a person (`review`).

        :param scene: 1 profile, 2 comment, 3 forum, 4 social.
        """
        pieces = [
            text[start : start + TEXT_PIECE] for start in range(0, max(1, len(text)), TEXT_STEP)
        ]
        return max(
            (self._check_piece(openid, piece, scene) for piece in pieces),
            key=lambda verdict: answers.SEVERITY[verdict.suggest],
        )

    def risk_rank(self, openid: str, client_ip: str, scene: int = 1) -> int | None:
        """WeChat's estimate of a shopper's risk, 0 to 4; None: unknown, which is no 0.

        :param scene: 0 register or log in, 1 marketing, 2 content.
        """
        body = {"appid": self.appid, "openid": openid, "scene": scene, "client_ip": client_ip}
        try:
            return answers.rank_of(self._post("/wxa/getuserriskrank", body))
        except WeChatRefused as error:
            if error.errcode != answers.NO_RECENT_VISIT:
                raise
            return None

    def url_link(self, path: str, query: str = "", *, valid_days: int = 30) -> str:
        """A link that opens `path` from a text message or a browser, for at most 30 days."""
        body = {
            "path": path,
            "query": query,
            "expire_type": 1,
            "expire_interval": valid_days,
        }
        return answers.text_of(self._post("/wxa/generate_urllink", body), "url_link")

    # How it is asked

    def upload_shipping_info(self, shipment: Shipment) -> None:
        """Report that paid goods are on their way. A repeat is harmless.

        :raises WeChatRefused: the payment is unknown, or a field breaks its rule.
        """
        try:
            self._post(shipping.UPLOAD, shipment.told())
        except WeChatRefused as error:
            if error.errcode not in shipping.ALREADY_REPORTED:
                raise

    def is_trade_managed(self) -> bool:
        """Whether WeChat holds this mini-program's money back until shipping is reported."""
        return shipping.is_managed(self._post(shipping.IS_MANAGED, {"appid": self.appid}))

    def _check_piece(self, openid: str, text: str, scene: int) -> TextVerdict:
        body = {"version": 2, "openid": openid, "scene": scene, "content": text}
        try:
            return answers.verdict_of(self._post("/wxa/msg_sec_check", body))
        except WeChatRefused as error:
            if error.errcode != answers.NO_RECENT_VISIT:
                raise
            return TextVerdict("review")

    def _post(self, path: str, body: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
        answer = self._request("post", OPEN_PLATFORM + path, data=dict(body), **parts)
        if not isinstance(answer, dict):
            raise WeChatNonsense("a picture came where JSON belongs")
        return answer

    def _fetch_token(self, *, force: bool) -> AccessToken:
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret,
            "force_refresh": force,
        }
        answer = self._post(answers.STABLE_TOKEN, body, params=WITHOUT_TOKEN)
        return AccessToken(
            value=answers.text_of(answer, "access_token"),
            expires_in_seconds=answers.seconds_of(answer, "expires_in"),
        )

    # What wechatpy's own endpoints pass through as well

    @property
    def access_token(self) -> str:
        """The token that everybody shares."""
        return self._tokens.current()

    def fetch_access_token(self) -> None:
        """Make sure that there is a token; wechatpy's own way would make the old one invalid."""
        self._tokens.current()

    def _request(self, method: str, url_or_endpoint: str, **parts: Any) -> Any:
        """Ask; when WeChat refuses the token, renew it once and ask once more.

        An `access_token` among the `params` is taken as it is, None for a call without one.
        """
        params = dict(parts.pop("params", None) or {})
        if "access_token" in params:
            return self._ask(method, url_or_endpoint, params, parts)
        used = self._tokens.current()
        with suppress(TokenRefused):
            return self._ask(method, url_or_endpoint, params | {"access_token": used}, parts)
        renewed = self._tokens.renewed(used)
        return self._ask(method, url_or_endpoint, params | {"access_token": renewed}, parts)

    def _ask(
        self, method: str, url_or_endpoint: str, params: dict[str, Any], parts: Mapping[str, Any]
    ) -> Any:
        """One exchange; whatever goes wrong becomes one of our errors.

        It is raised outside the `except` blocks: the library's exceptions hold whole URLs, and
        none of them may hang on ours as its cause or context.
        """
        began = time.monotonic()
        path = urlsplit(urljoin(self.API_BASE_URL, url_or_endpoint)).path
        try:
            # Redirects are not followed: WeChat has none, and the query would travel along.
            return super()._request(
                method, url_or_endpoint, params=params, allow_redirects=False, **_encoded(parts)
            )
        except WeChatClientException as error:
            said = redacted(str(error.errmsg or ""), self.secret, *map(str, params.values()))
            problem = _refusal(path, error.errcode, said)
        except requests.RequestException as error:
            problem = network_failure(error, "WeChat")
        except WeChatError as error:
            problem = error
        _log.warning(
            "wechat_call_failed",
            path=path,
            error=type(problem).__name__,
            errcode=problem.errcode,
            rid=problem.rid,
            milliseconds=round((time.monotonic() - began) * 1000),
        )
        self._failures.note(path, problem)
        raise problem

    def _decode_result(self, res: requests.Response) -> dict[str, Any] | bytes:
        """A picture as bytes, else a JSON object: wechatpy would hand on whatever came."""
        if res.headers.get("Content-Type", "").startswith("image/") and res.content:
            return res.content
        return answers.decoded(res.content)


def _encoded(parts: Mapping[str, Any]) -> dict[str, Any]:
    """`parts` with a JSON body as bytes. A lone surrogate has no UTF-8: it becomes `?`."""
    if not isinstance(parts.get("data"), dict):
        return dict(parts)
    text = json.dumps(parts["data"], ensure_ascii=False)
    return {**parts, "data": text.encode("utf-8", "replace")}


def _is_code(given: str) -> bool:
    """Whether WeChat could have issued this code; what it could not is not worth a request."""
    return 0 < len(given) <= 512 and given.isascii() and given.isprintable() and " " not in given


def _refusal(path: str, errcode: int | None, message: str) -> WeChatError:
    if errcode is None:  # an HTTP status of 400 or more
        unavailable = WeChatUnavailable("WeChat answered with an HTTP error", retry_after_seconds=2)
        unavailable.maybe_done = True
        return unavailable
    return answers.refusal(path, errcode, message)
