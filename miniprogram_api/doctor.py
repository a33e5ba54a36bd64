"""Is this installation fit to serve, and if not, what is to be done about it? `flask doctor`, and a page."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from miniprogram_api.commands import AppCommand
from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import seal, unseal
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.redis import redis_client, redis_errors
from miniprogram_api.core.settings import settings
from miniprogram_api.http.health import migrations_are_run
from miniprogram_api.jobs.services import queue_figures
from miniprogram_api.merchant import wechat_watch
from miniprogram_api.wechat.errors import PaymentUnknown, WeChatMisconfigured
from miniprogram_api.wechat.extension import pay, takes_wechat_pay, wechat
from miniprogram_api.wechat.failures import HOUR, recent
from miniprogram_api.wechat.pay import PayClient
from miniprogram_api.wechat.transport import WECHAT_PAY

SKEW_SECONDS = 2.0
LATE_SECONDS = 300
NO_PAYMENT = "doctor-asks-for-no-payment"


class Words(NamedTuple):
    """A sentence in both languages."""

    zh: str
    en: str


class Light(StrEnum):
    """How a check came out: well, works but wants attention, does not work."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Ailing(Exception):
    """A check found something; `remedy` says what to do.

    :param light: yellow where the shop goes on meanwhile.
    """

    def __init__(self, finding: Words, remedy: Words, light: Light = Light.RED) -> None:
        super().__init__(finding.en)
        self.finding, self.remedy, self.light = finding, remedy, light


NOTHING = Words("", "")


@dataclass(frozen=True)
class Diagnosis:
    """The outcome of one check."""

    name: str
    light: Light
    finding: Words
    remedy: Words = NOTHING

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return self.light is Light.GREEN

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "name": self.name,
            "is_well": self.is_well,
            "light": str(self.light),
            "finding": self.finding.en,
            "remedy": self.remedy.en,
            "finding_zh": self.finding.zh,
            "remedy_zh": self.remedy.zh,
        }


Check = Callable[[], Words]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Join a check: it answers with what it found, or raises `Ailing`."""
    _checks[name] = check


def names() -> list[str]:
    """Every check, in order."""
    return list(_checks)


def examine() -> Iterator[Diagnosis]:
    """Every check in turn; one that breaks is ailing, and the others go on."""
    yield from map(examine_one, _checks)


def examine_one(name: str) -> Diagnosis:
    """One check, by its name."""
    try:
        return Diagnosis(name, Light.GREEN, _checks[name]())
    except Ailing as ailing:
        return Diagnosis(name, ailing.light, ailing.finding, ailing.remedy)
    except (sa.exc.SQLAlchemyError, DomainError) as error:
        db.session.rollback()
        told = Words(type(error).__name__, type(error).__name__)
        asked = Words("它在运行吗？从这里能连上吗？", "is it running, and reachable?")
        return Diagnosis(name, Light.RED, told, asked)


@click.command("doctor", cls=AppCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@with_appcontext
def doctor_command(*, as_json: bool) -> None:
    """Examine this installation. Exit code 1: something needs a remedy, which is named."""
    found = list(examine())
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        for one in found:
            mark = click.style("✔" if one.is_well else "✘", fg=str(one.light))
            click.echo(f"{mark} {one.name}: {one.finding.zh} · {one.finding.en}")
            if not one.is_well:
                click.echo(f"    → {one.remedy.zh} · {one.remedy.en}")
    sys.exit(0 if all(one.is_well for one in found) else 1)


# ------------------------------------------------------------------ the floor's own checks


def _keys() -> Words:
    if not settings().signing_keys:
        raise Ailing(
            Words("没有 SECRET_KEYS", "no SECRET_KEYS"),
            Words("运行 flask setup，它会生成密钥", "run flask setup, which makes the keys"),
        )
    if unseal(seal("probe", "doctor"), "doctor") != "probe":
        raise Ailing(
            Words("FIELD_KEYS 不能使用", "FIELD_KEYS do not work"),
            Words(
                "FIELD_KEYS 的写法是 编号:32 字节的 base64",
                "give FIELD_KEYS as id:base64 of 32 bytes",
            ),
        )
    count = len(settings().signing_keys)
    return Words(f"{count} 把签名密钥，字段可加密", f"{count} signing keys, fields can be sealed")


def _database() -> Words:
    name = db.engine.dialect.name
    if name == "sqlite":
        mode = db.session.scalar(sa.text("PRAGMA journal_mode"))
        if mode != "wal":
            raise Ailing(
                Words(f"SQLite 日志模式是 {mode}", f"SQLite journal is {mode}"),
                Words("把数据库放在本机磁盘上", "put the database on a local disk"),
            )
        return Words("SQLite，WAL，每次提交都落盘", "SQLite, WAL, every commit on disk")
    durable = {
        setting: db.session.scalar(sa.text(f"SHOW {setting}"))
        for setting in ("synchronous_commit", "fsync")
    }
    if durable["synchronous_commit"] == "off" or durable["fsync"] == "off":
        raise Ailing(
            Words(f"{durable}", f"{durable}"),
            Words(
                "已确认的订单可能丢失：把两项都打开",
                "acknowledged orders could be lost: turn both on",
            ),
        )
    return Words(f"{name}，提交已持久", f"{name}, commits are durable")


def _migrations() -> Words:
    if not migrations_are_run():
        raise Ailing(
            Words("数据表比程序旧", "the tables are older than this code"),
            Words("运行：flask db upgrade", "run: flask db upgrade"),
        )
    return Words("数据表与程序一致", "the tables are those of this code")


def _redis() -> Words:
    with redis_errors():
        policy = redis_client().config_get("maxmemory-policy").get("maxmemory-policy")
        limit = redis_client().config_get("maxmemory").get("maxmemory")
    if limit not in {"0", 0} and policy != "noeviction":
        raise Ailing(
            Words(f"Redis 会淘汰数据（{policy}）", f"Redis evicts ({policy})"),
            Words("设置 maxmemory-policy noeviction", "set maxmemory-policy noeviction"),
        )
    return Words("Redis 正常，不淘汰数据", "Redis answers and evicts nothing")


def _clocks() -> Words:
    here = now().timestamp()
    with redis_errors():
        seconds, microseconds = redis_client().time()
    skew = abs(seconds + microseconds / 1e6 - here)
    if db.engine.dialect.name == "postgresql":
        told = db.session.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())"))
        skew = max(skew, abs(float(told or 0) - now().timestamp()))
    if skew > SKEW_SECONDS:
        raise Ailing(
            Words(f"时钟相差 {skew:.1f} 秒", f"clocks differ by {skew:.1f} s"),
            Words("校准各台机器的时间（NTP）", "synchronise them (NTP)"),
        )
    thousandths = f"{skew * 1000:.0f}"
    return Words(f"时钟最多相差 {thousandths} 毫秒", f"clocks differ by {thousandths} ms at most")


def _jobs() -> Words:
    queue = queue_figures()
    if queue.buried_count:
        raise Ailing(
            Words(f"{queue.buried_count} 个任务已放弃", f"{queue.buried_count} buried jobs"),
            Words("查看：flask jobs list --state buried", "flask jobs list --state buried"),
            Light.YELLOW,
        )
    if queue.oldest_due_seconds > LATE_SECONDS:
        seconds = queue.oldest_due_seconds
        raise Ailing(
            Words(
                f"最早到期的任务已等待 {seconds} 秒", f"the oldest due job waits for {seconds} s"
            ),
            Words("启动工作进程：flask worker", "start a worker: flask worker"),
        )
    due = queue.due_count
    return Words(f"{due} 个到期，没有延误或放弃", f"{due} due, none late, none buried")


def _wechat() -> Words:
    if not settings().wx_appid or not settings().wx_secret:
        raise Ailing(
            Words("没有 WX_APPID 或 WX_SECRET", "no WX_APPID or WX_SECRET"),
            Words(
                "在小程序后台「开发管理」取得两者，写入 instance/config.py 或环境变量后重启",
                "take both from the mini-program's console",
            ),
        )
    wechat().access_token  # noqa: B018 - asking for it is the check
    is_real = "api.weixin.qq.com" in settings().wx_open_base
    return Words(
        f"{'微信' if is_real else '模拟器'}接受 AppID 和 AppSecret",
        f"{'WeChat' if is_real else 'the simulator'} accepts AppID and AppSecret",
    )


def _wechat_calls() -> Words:
    """How calls went of late: those of the last hour speak of now, those of the day are only told."""
    failing = {
        api: failures
        for api, failures in wechat_watch.by_api(recent(HOUR)).items()
        if wechat_watch.needs_somebody(failures)
    }
    if failing:
        ways = [(api, *wechat_watch.told(failures)) for api, failures in failing.items()]
        raise Ailing(
            Words(
                "过去 1 小时失败：" + "；".join(f"{api}（{zh}）" for api, zh, _ in ways),
                "failing within the last hour: "
                + "; ".join(f"{api} ({en})" for api, _, en in ways),
            ),
            Words(
                "日志中查找 wechat_call_failed、wechat_pay_call_failed，其中 rid 可用于向微信查询",
                "see wechat_call_failed and wechat_pay_call_failed in the log; WeChat asks for the rid",
            ),
            Light.YELLOW,
        )
    times = sum(one.times for one in recent())
    return Words(f"过去 24 小时失败 {times} 次", f"{times} failed within 24 hours")


def _wechat_pay() -> Words:
    if not takes_wechat_pay():
        return Words("未使用：WXPAY_MCHID 为空", "not used: WXPAY_MCHID is empty")
    ask_wechat_pay(pay())
    is_real = settings().wxpay_base == WECHAT_PAY
    return Words(
        f"{'微信支付' if is_real else '模拟器'}接受商户号、证书和签名",
        f"{'WeChat Pay' if is_real else 'the simulator'}"
        " accepts the merchant's number, certificate and signature",
    )


def ask_wechat_pay(client: PayClient) -> None:
    """See that WeChat Pay believes us, by asking for a payment that cannot be.

    :raises Ailing: it does not.
    """
    try:
        client.query(NO_PAYMENT)
    except PaymentUnknown:  # it has understood us, and knows no such payment
        return
    except WeChatMisconfigured as error:
        raise Ailing(
            Words(
                f"微信支付拒绝了我们：{error.pay_code}",
                f"WeChat Pay refuses us: {error.pay_code}",
            ),
            Words(
                "对照商户平台核对 WXPAY_MCHID、WXPAY_SERIAL 和 WXPAY_KEY_FILE",
                "compare WXPAY_MCHID, WXPAY_SERIAL and WXPAY_KEY_FILE with the merchant platform",
            ),
        ) from None
    raise Ailing(
        Words(f"竟有一笔支付 {NO_PAYMENT}", f"there is a payment {NO_PAYMENT}"),
        Words("WXPAY_BASE 不是微信支付", "WXPAY_BASE is no WeChat Pay"),
    )


for _name, _check in {
    "密钥 · keys": _keys,
    "数据库 · database": _database,
    "数据表 · tables": _migrations,
    "Redis": _redis,
    "时钟 · clocks": _clocks,
    "任务 · jobs": _jobs,
    "微信 · WeChat": _wechat,
    "微信接口 · WeChat calls": _wechat_calls,
    "微信支付 · WeChat Pay": _wechat_pay,
}.items():
    register(_name, _check)
