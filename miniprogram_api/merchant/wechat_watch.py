"""WeChat's failures in people's words: what needs somebody, on the dashboard and at the check-up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from miniprogram_api.wechat.failures import HOUR, Failure, recent

from .alerts import Alert, add_watch

CHECK_UP = "/admin/doctor"
TOLD_FROM = 5
"""So many failures of a call within an hour are told; one that only an operator can mend is told at once."""
MOST_WAYS = 3
"""So many ways in which a call fails are told by name."""

MISCONFIGURED = "WeChatMisconfigured"
KINDS = {
    "LoginCodeInvalid": ("登录凭证无效", "login code invalid"),
    "PhoneCodeInvalid": ("手机号凭证无效", "phone code invalid"),
    "TokenRefused": ("access_token 无效", "access token refused"),
    MISCONFIGURED: ("拒绝了我们的配置", "refuses our configuration"),
    "WeChatUnavailable": ("连不上或繁忙", "away or busy"),
    "WeChatNonsense": ("回答无法识别", "an answer that cannot be read"),
    "TooManyCalls": ("调用太频繁", "called too often"),
    "TooManyLogins": ("登录太频繁", "too many logins"),
    "WeChatBlocked": ("用户被微信限制", "shopper blocked by WeChat"),
    "WeChatRefused": ("请求被拒绝", "request refused"),
    "PaymentNumberUsed": ("支付单号重复", "payment number used"),
}


def told(failures: Sequence[Failure]) -> tuple[str, str]:
    """In which ways a call fails, in Chinese and English, the most frequent first."""
    ways = [KINDS.get(one.kind, (one.kind, one.kind)) for one in failures[:MOST_WAYS]]
    codes = [one.code for one in failures]
    zh = "、".join(f"{code} {way[0]}".strip() for code, way in zip(codes, ways, strict=False))
    en = ", ".join(f"{code} {way[1]}".strip() for code, way in zip(codes, ways, strict=False))
    more = len(failures) > MOST_WAYS
    return zh + (" …" if more else ""), en + (" …" if more else "")


def by_api(failures: Iterable[Failure]) -> dict[str, list[Failure]]:
    """Failures by what was called."""
    found: dict[str, list[Failure]] = defaultdict(list)
    for one in failures:
        found[one.api].append(one)
    return found


def needs_somebody(failures: Sequence[Failure]) -> bool:
    """Whether a call fails so often, or in such a way, that it does not pass by itself."""
    often = sum(one.times for one in failures) >= TOLD_FROM
    return often or any(one.kind == MISCONFIGURED for one in failures)


def _watch() -> Iterable[Alert]:
    for api, failures in by_api(recent(HOUR)).items():
        if needs_somebody(failures):
            times, (zh, en) = sum(one.times for one in failures), told(failures)
            yield Alert(
                f"微信接口 {api} 过去 1 小时失败 {times} 次（{zh}）",
                f"WeChat's {api} failed {times} times within the last hour ({en})",
                CHECK_UP,
                is_grave=any(one.kind == MISCONFIGURED for one in failures),
                role="owner",
            )


add_watch("wechat", _watch)
