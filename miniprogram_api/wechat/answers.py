"""What WeChat answers, and what its refusals mean. Pure functions: no network, no clock.

Nothing that WeChat sends is believed before it has the form that its documentation gives.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import errors as e

Suggestion = Literal["pass", "review", "risky"]
SEVERITY: dict[Suggestion, int] = {"pass": 0, "review": 1, "risky": 2}

LOGIN = "/sns/jscode2session"
STABLE_TOKEN = "/cgi-bin/stable_token"  # noqa: S105 - a path
PHONE_NUMBER = "/wxa/business/getuserphonenumber"

NO_RECENT_VISIT = 61010
NO_LABEL = 0
_MINUTE = 60

_RID = re.compile(r"\brid:\s*([0-9A-Za-z-]{1,64})")


@dataclass(frozen=True)
class WeChatSession:
    """Who logged in. The session_key that WeChat sends along is dropped: nobody here needs it."""

    openid: str
    unionid: str | None = None


@dataclass(frozen=True)
class PhoneNumber:
    """A verified phone number without its country code, and the code (`86`)."""

    number: str
    country_code: str


@dataclass(frozen=True)
class TextVerdict:
    """What WeChat thinks of a text.

    Nothing becomes public before `pass`; `review` goes to a person. `label` is WeChat's reason
    (100 normal, 10001 advertising, 20001 politics, 20002 pornography, 20006 crime, …), 0: none.
    """

    suggest: Suggestion
    label: int = NO_LABEL
    trace_id: str = ""


_ANYWHERE: dict[int, type[e.WeChatError]] = {
    -1: e.WeChatUnavailable,
    40001: e.TokenRefused,
    40014: e.TokenRefused,
    42001: e.TokenRefused,
    40013: e.WeChatMisconfigured,
    40125: e.WeChatMisconfigured,
    40164: e.WeChatMisconfigured,
    41002: e.WeChatMisconfigured,
    41004: e.WeChatMisconfigured,
    48001: e.WeChatMisconfigured,
    43101: e.MessageRefused,
    45009: e.TooManyCalls,
    45011: e.TooManyCalls,
}
_ON_PATH: dict[tuple[str, int], type[e.WeChatError]] = {
    (STABLE_TOKEN, 40001): e.WeChatMisconfigured,  # here it means a wrong AppSecret
    (STABLE_TOKEN, 45009): e.WeChatUnavailable,  # the shopper did nothing too fast
    (STABLE_TOKEN, 45011): e.WeChatUnavailable,
    (LOGIN, 40029): e.LoginCodeInvalid,
    (LOGIN, 40163): e.LoginCodeInvalid,
    (LOGIN, 41008): e.LoginCodeInvalid,
    (LOGIN, 40226): e.WeChatBlocked,
    (LOGIN, 45011): e.TooManyLogins,
    (PHONE_NUMBER, 40029): e.PhoneCodeInvalid,
    (PHONE_NUMBER, 40163): e.PhoneCodeInvalid,
}


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, its `errcode` an integer.

    :raises WeChatNonsense: it is anything else.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise e.WeChatNonsense("the answer is no JSON object")
    answer["errcode"] = _errcode(answer.get("errcode") or 0)
    answer.pop("base_resp", None)  # of other products; the library would merge it blindly
    return answer


def _errcode(given: object) -> int:
    if isinstance(given, str) and re.fullmatch(r"-?\d{1,9}", given):
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise e.WeChatNonsense("errcode is no number")


def refusal(path: str, errcode: int, message: str) -> e.WeChatError:
    """The error that `errcode` means on `path`.

    :param message: WeChat's errmsg, already redacted; the field it names and its rid are kept.
    """
    kind = _ON_PATH.get((path, errcode)) or _ANYWHERE.get(errcode, e.WeChatRefused)
    found = _RID.search(message)
    rid = found[1] if found else None
    detail = f"WeChat {errcode}: {_RID.sub('', message).strip()}"
    if issubclass(kind, e.TooManyCalls):
        return kind(detail, retry_after_seconds=_MINUTE).from_wechat(errcode, rid)
    if issubclass(kind, e.WeChatUnavailable):
        wait = 2 if errcode == -1 else _MINUTE
        return kind(detail, retry_after_seconds=wait).from_wechat(errcode, rid)
    return kind(detail, errcode=errcode).from_wechat(errcode, rid)


def session_of(answer: Mapping[str, Any]) -> WeChatSession:
    """Who logged in, of a code2Session answer."""
    unionid = answer.get("unionid")
    return WeChatSession(
        openid=_name(answer.get("openid"), "openid"),
        unionid=_name(unionid, "unionid") if unionid else None,
    )


def phone_of(answer: Mapping[str, Any], appid: str) -> PhoneNumber:
    """The phone number of an answer, if it was given to our mini-program.

    :raises PhoneCodeInvalid: the shopper gave it to another mini-program.
    """
    info = _object(answer.get("phone_info"), "phone_info")
    watermark = _object(info.get("watermark"), "watermark")
    if watermark.get("appid") != appid:
        raise e.PhoneCodeInvalid("the phone number was given to another mini-program")
    number, country = info.get("purePhoneNumber"), info.get("countryCode")
    if isinstance(country, int) and not isinstance(country, bool):
        country = str(country)  # the table says string, the sample shows a number
    if not _is_digits(number, 5, 20) or not _is_digits(country, 1, 4):
        raise e.WeChatNonsense("phone_info holds no phone number")
    return PhoneNumber(number=str(number), country_code=str(country))


def verdict_of(answer: Mapping[str, Any]) -> TextVerdict:
    """The verdict of a text check; its details do not count, only the result."""
    result = _object(answer.get("result"), "result")
    suggest, label = result.get("suggest"), result.get("label")
    if not isinstance(suggest, str) or suggest not in SEVERITY:
        raise e.WeChatNonsense("result.suggest is none of pass, review, risky")
    return TextVerdict(
        suggest=suggest,
        label=label if isinstance(label, int) else NO_LABEL,
        trace_id=str(answer.get("trace_id", ""))[:64],
    )


def rank_of(answer: Mapping[str, Any]) -> int:
    """The risk rank, 0 (none known) to 4 (highest)."""
    rank = answer.get("risk_rank")
    if not isinstance(rank, int) or isinstance(rank, bool) or not 0 <= rank <= 4:
        raise e.WeChatNonsense("risk_rank is not within 0..4")
    return rank


def text_of(answer: Mapping[str, Any], field: str) -> str:
    """A text that must be there."""
    value = answer.get(field)
    if not isinstance(value, str) or not value:
        raise e.WeChatNonsense(f"{field} is missing")
    return value


def seconds_of(answer: Mapping[str, Any], field: str) -> int:
    """A number of seconds that must be there."""
    value = answer.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**6:
        raise e.WeChatNonsense(f"{field} is no number of seconds")
    return value


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise e.WeChatNonsense(f"{field} is no object")
    return value


def _name(value: object, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 128 or not value.isprintable():
        raise e.WeChatNonsense(f"{field} is missing or no name")
    return value


def _is_digits(value: object, shortest: int, longest: int) -> bool:
    return (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and shortest <= len(value) <= longest
    )
