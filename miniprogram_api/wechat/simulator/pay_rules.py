"""WeChat Pay's rules for the members of a request. Pure functions.

A member that is not known here is refused: stricter than WeChat, so that a wrong name is seen.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True)
class Text:
    """A text of so many characters."""

    longest: int
    shortest: int = 1
    form: str = ""

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value."""
        if not isinstance(value, str):
            return f"{where} 应为字符串"
        if not self.shortest <= len(value) <= self.longest:
            return f"{where} 长度应为 {self.shortest} 到 {self.longest}"
        if self.form and not re.fullmatch(self.form, value):
            return f"{where} 含有不允许的字符"
        return None


@dataclass(frozen=True)
class Whole:
    """A whole number, such as an amount in fen."""

    least: int = 0
    most: int = 2**31 - 1

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value."""
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{where} 应为整数"
        return None if self.least <= value <= self.most else f"{where} 应为 {self.least} 或以上"


@dataclass(frozen=True)
class Truth:
    """True or false."""

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value."""
        return None if isinstance(value, bool) else f"{where} 应为 true 或 false"


@dataclass(frozen=True)
class Moment:
    """A moment after RFC 3339, with its zone."""

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value."""
        if isinstance(value, str) and _MOMENT.fullmatch(value) and seconds_of(value) is not None:
            return None
        return f"{where} 应为 RFC 3339 格式的时间"


@dataclass(frozen=True)
class Address:
    """Where a notice goes: https, without a query; plain http on this machine only."""

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value."""
        url = urlsplit(value) if isinstance(value, str) and len(value) <= 255 else None
        if url is None or not url.hostname or url.query or url.fragment:
            return f"{where} 应为不带参数的地址"
        local = url.scheme == "http" and url.hostname in LOOPBACK
        return None if url.scheme == "https" or local else f"{where} 应为 https 地址"


@dataclass(frozen=True)
class Anything:
    """A part that the simulator does not look into."""

    def complaint(self, value: object, where: str) -> str | None:
        """Nothing is wrong."""
        return None


@dataclass(frozen=True)
class Parts:
    """An object: members that must be there, and members that may."""

    needed: Mapping[str, "Rule"]
    optional: Mapping[str, "Rule"]

    def complaint(self, value: object, where: str) -> str | None:
        """What is wrong with a value, the first thing."""
        if not isinstance(value, Mapping):
            return f"{where or '/body'} 应为对象"
        for name in self.needed:
            if name not in value:
                return f"缺少必填参数 {where}/{name}"
        for name, inner in value.items():
            rule = self.needed.get(name) or self.optional.get(name)
            if rule is None:
                return f"未知的参数 {where}/{name}"
            if found := rule.complaint(inner, f"{where}/{name}"):
                return found
        return None


Rule = Text | Whole | Truth | Moment | Address | Anything | Parts


def seconds_of(text: str) -> float | None:
    """A moment as seconds since 1970."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


NUMBER = r"[0-9A-Za-z_\-|*@]+"
CURRENCY = Text(16, form="CNY")
OPENID = Text(128)

PREPAY = Parts(
    {
        "appid": Text(32),
        "mchid": Text(32),
        "description": Text(127),
        "out_trade_no": Text(32, 6, r"[0-9A-Za-z_\-|*]+"),
        "notify_url": Address(),
        "amount": Parts({"total": Whole(1)}, {"currency": CURRENCY}),
        "payer": Parts({"openid": OPENID}, {}),
    },
    {
        "time_expire": Moment(),
        "attach": Text(128),
        "goods_tag": Text(32),
        "support_fapiao": Truth(),
        "detail": Anything(),
        "scene_info": Anything(),
        "settle_info": Anything(),
    },
)
CLOSE = Parts({"mchid": Text(32)}, {})
REFUND = Parts(
    {
        "out_refund_no": Text(64, form=NUMBER),
        "amount": Parts(
            {"refund": Whole(1), "total": Whole(1), "currency": CURRENCY}, {"from": Anything()}
        ),
    },
    {
        "transaction_id": Text(32),
        "out_trade_no": Text(32, 6, r"[0-9A-Za-z_\-|*]+"),
        "reason": Text(80),
        "notify_url": Address(),
        "funds_account": Text(32),
        "goods_detail": Anything(),
    },
)
POINTS = Parts(
    {
        "transaction_id": Text(64),
        "appid": Text(128),
        "openid": Text(64),
        "earn_points": Truth(),
        "increased_points": Whole(0),
        "points_update_time": Moment(),
    },
    {"sub_mchid": Text(32), "no_points_remarks": Text(128), "total_points": Whole(0)},
)
PARKING = Parts(
    {
        "brandid": Whole(1),
        "appid": Text(32),
        "openid": Text(128),
        "plate_number": Text(16, 5),
        "state": Text(3, form="IN|OUT"),
        "time": Moment(),
    },
    {"sub_mchid": Text(32)},
)


def complaint(rule: Parts, body: Mapping[str, Any]) -> str | None:
    """What is wrong with a request, None if nothing is."""
    return rule.complaint(body, "")
