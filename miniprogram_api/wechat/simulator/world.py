"""What the simulated WeChat remembers: shoppers, codes, tokens, subscriptions, messages.

Everything here happens under `World.lock` and by `World.now()`, which a test may move.
"""

import hashlib
import secrets
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import current_app

from .faults import Switchboard
from .pay_keys import PayKeys
from .pay_world import PayWorld

CODE_SECONDS = 300
VISIT_SECONDS = 2 * 3600
CROWD_PREFIX = "crowd-"
"""How the openids of an invented crowd begin; the phone does not list them."""

LOG_LENGTH = 500


@dataclass(frozen=True)
class Config:
    """What the mini-program's owner has set up, and where the mall listens.

    :param pay_keys: where the keys of WeChat Pay come from.
    :param notice_pace: how many times faster than WeChat a payment notice is tried again.
    """

    appid: str
    secret: str
    push_token: str = ""
    push_aes_key: str = ""
    push_format: str = "json"
    push_pause_seconds: float = 1.0
    mall: str = "http://127.0.0.1:8000"
    pay_keys: Callable[[], PayKeys] = PayKeys.fresh
    notice_pace: float = 60.0
    circle_path: str = "/wechat/business-circle/notifications"


@dataclass
class Shopper:
    """A WeChat user. Bound ones belong to an Open Platform account and so have a unionid.

    :param name: how the phone shows them; the mall never learns it.
    """

    openid: str
    name: str = ""
    bound: bool = False
    blocked: bool = False
    risk_rank: int = 0
    phone: str | None = None
    visited_at: float | None = None

    @property
    def unionid(self) -> str | None:
        """The same for one person in every program of the owner."""
        if not self.bound:
            return None
        return "o6_" + hashlib.sha256(self.openid.encode()).hexdigest()[:25]


@dataclass
class Grant:
    """What a code stands for. It is good once, for one program, for five minutes."""

    openid: str
    appid: str
    expires_at: float
    phone: str | None = None
    used: bool = False


@dataclass(frozen=True)
class Template:
    """A message template as its owner picked it: title and fields (`thing1` to label)."""

    template_id: str
    title: str
    fields: dict[str, str] = field(default_factory=dict)


class World:
    """All the state there is, in memory; `snapshot` and `restore` carry it over a restart."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.lock = threading.RLock()
        self.faults = Switchboard()
        self.pay = PayWorld(config.pay_keys, self.now)
        self.clear()

    def clear(self) -> None:
        """Forget everything but the configuration."""
        self.changes = 0
        self.clock_offset = 0.0
        self.shoppers: dict[str, Shopper] = {}
        self.grants: dict[str, Grant] = {}
        self.quota: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.templates: dict[str, Template] = {}
        self.messages: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}  # token to the end of its life
        self.stable_token: str | None = None
        self.forced_at: list[float] = []
        self.limits: dict[str, int] = {}
        self.calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self.requests: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.pushes: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.faults.clear()
        self.pay.clear()

    def now(self) -> float:
        """This moment by WeChat's clock, seconds since 1970."""
        return time.time() + self.clock_offset

    def shopper(self, openid: str) -> Shopper:
        """The shopper of that name, who exists from now on."""
        return self.shoppers.setdefault(openid, Shopper(openid))

    def introduce(self, people: Mapping[str, str]) -> None:
        """Make shoppers known from the start: openid to name."""
        for openid, name in people.items():
            self.shopper(openid).name = name

    def login_code(self, openid: str, appid: str | None = None) -> str:
        """What wx.login gives the mini-program; the shopper is visiting it."""
        self.shopper(openid).visited_at = self.now()
        return self._grant(Grant(openid, appid or self.config.appid, self.now() + CODE_SECONDS))

    def phone_code(self, openid: str, phone: str, appid: str | None = None) -> str:
        """What the getPhoneNumber button gives when the shopper agrees."""
        shopper = self.shopper(openid)
        shopper.phone, shopper.visited_at = phone, self.now()
        until = self.now() + CODE_SECONDS
        return self._grant(Grant(openid, appid or self.config.appid, until, phone=phone))

    def _grant(self, grant: Grant) -> str:
        code = secrets.token_urlsafe(24)
        self.grants[code] = grant
        if len(self.grants) > 10_000:  # the oldest are long over
            del self.grants[next(iter(self.grants))]
        return code

    def is_visiting(self, openid: str) -> bool:
        """Whether the shopper was in the mini-program within two hours."""
        visited_at = self.shopper(openid).visited_at
        return visited_at is not None and self.now() - visited_at < VISIT_SECONDS

    def accept(self, openid: str, template_id: str) -> int:
        """One tap on "allow" buys one message; how many are left to send now."""
        self.shopper(openid)
        self.quota[openid, template_id] += 1
        return self.quota[openid, template_id]

    def over_limit(self, key: str, per_minute: int) -> bool:
        """Whether this call is one too many within a minute; it counts either way."""
        calls, now = self.calls[key], self.now()
        while calls and calls[0] <= now - 60:
            calls.popleft()
        calls.append(now)
        return len(calls) > per_minute

    def snapshot(self) -> dict[str, Any]:
        """What outlives a restart: people, subscriptions, messages and tokens, not codes."""
        with self.lock:
            return {
                "shoppers": [asdict(shopper) for shopper in self.shoppers.values()],
                "quota": [[*key, left] for key, left in self.quota.items()],
                "templates": [asdict(template) for template in self.templates.values()],
                "messages": list(self.messages),
                "tokens": dict(self.tokens),
                "stable_token": self.stable_token,
                "pay": self.pay.snapshot(),
            }

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on from a snapshot."""
        with self.lock:
            self.shoppers = {item["openid"]: Shopper(**item) for item in saved["shoppers"]}
            for openid, template_id, left in saved["quota"]:
                self.quota[openid, template_id] = left
            for item in saved["templates"]:
                self.templates[item["template_id"]] = Template(**item)
            self.messages = list(saved["messages"])
            self.tokens = dict(saved["tokens"])
            self.stable_token = saved["stable_token"]
            if "pay" in saved:  # an older state has none
                self.pay.restore(saved["pay"])


def world() -> World:
    """The world of the simulator that answers."""
    found: World = current_app.extensions["world"]
    return found
