"""`flask doctor`: is this installation fit to serve, and if not, what is to be done about it?"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from miniprogram_api.commands import AppCommand
from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import new_key, seal, unseal
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import DomainError
from miniprogram_api.core.redis import redis_client, redis_errors
from miniprogram_api.core.settings import settings
from miniprogram_api.http.health import migrations_are_run
from miniprogram_api.jobs.services import queue_figures
from miniprogram_api.wechat.errors import PaymentUnknown, WeChatMisconfigured
from miniprogram_api.wechat.extension import pay, takes_wechat_pay, wechat
from miniprogram_api.wechat.transport import WECHAT_PAY

SKEW_SECONDS = 2.0
LATE_SECONDS = 300
NO_PAYMENT = "doctor-asks-for-no-payment"


class Ailing(Exception):
    """A check found something; `remedy` says what to do."""

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(finding)
        self.remedy = remedy


@dataclass(frozen=True)
class Diagnosis:
    """The outcome of one check."""

    name: str
    is_well: bool
    finding: str
    remedy: str = ""


Check = Callable[[], str]
_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Join a check: it answers with what it found, or raises `Ailing`."""
    _checks[name] = check


def examine() -> Iterator[Diagnosis]:
    """Every check in turn; one that breaks is ailing, and the others go on."""
    for name, check in _checks.items():
        try:
            yield Diagnosis(name, is_well=True, finding=check())
        except Ailing as ailing:
            yield Diagnosis(name, is_well=False, finding=str(ailing), remedy=ailing.remedy)
        except (sa.exc.SQLAlchemyError, DomainError) as error:
            db.session.rollback()
            told = f"{type(error).__name__}"
            yield Diagnosis(
                name, is_well=False, finding=told, remedy="is it running, and reachable?"
            )


@click.command("doctor", cls=AppCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@with_appcontext
def doctor_command(*, as_json: bool) -> None:
    """Examine this installation. Exit code 1: something needs a remedy, which is named."""
    found = list(examine())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            mark = click.style("✔", fg="green") if one.is_well else click.style("✘", fg="red")
            click.echo(f"{mark} {one.name}: {one.finding}")
            if one.remedy:
                click.echo(f"    → {one.remedy}")
    sys.exit(0 if all(one.is_well for one in found) else 1)


# ------------------------------------------------------------------ the floor's own checks


def _keys() -> str:
    if not settings().signing_keys:
        raise Ailing("no SECRET_KEYS", f"set SECRET_KEYS, for example {new_key()}")
    if unseal(seal("probe", "doctor"), "doctor") != "probe":
        raise Ailing("FIELD_KEYS do not work", "give FIELD_KEYS as id:base64 of 32 bytes")
    return f"{len(settings().signing_keys)} signing keys, fields can be sealed"


def _database() -> str:
    name = db.engine.dialect.name
    if name == "sqlite":
        mode = db.session.scalar(sa.text("PRAGMA journal_mode"))
        if mode != "wal":
            raise Ailing(f"SQLite journal is {mode}", "put the database on a local disk")
        return "SQLite, WAL, every commit on disk"
    durable = {
        setting: db.session.scalar(sa.text(f"SHOW {setting}"))
        for setting in ("synchronous_commit", "fsync")
    }
    if durable["synchronous_commit"] == "off" or durable["fsync"] == "off":
        raise Ailing(f"{durable}", "acknowledged orders could be lost: turn both on")
    return f"{name}, commits are durable"


def _migrations() -> str:
    if not migrations_are_run():
        raise Ailing("the tables are older than this code", "run: flask db upgrade")
    return "the tables are those of this code"


def _redis() -> str:
    with redis_errors():
        policy = redis_client().config_get("maxmemory-policy").get("maxmemory-policy")
        limit = redis_client().config_get("maxmemory").get("maxmemory")
    if limit not in {"0", 0} and policy != "noeviction":
        raise Ailing(f"Redis evicts ({policy})", "set maxmemory-policy noeviction")
    return "Redis answers and evicts nothing"


def _clocks() -> str:
    here = now().timestamp()
    with redis_errors():
        seconds, microseconds = redis_client().time()
    skew = abs(seconds + microseconds / 1e6 - here)
    if db.engine.dialect.name == "postgresql":
        told = db.session.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())"))
        skew = max(skew, abs(float(told or 0) - now().timestamp()))
    if skew > SKEW_SECONDS:
        raise Ailing(f"clocks differ by {skew:.1f} s", "synchronise them (NTP)")
    return f"clocks differ by {skew * 1000:.0f} ms at most"


def _jobs() -> str:
    queue = queue_figures()
    if queue.buried_count:
        raise Ailing(f"{queue.buried_count} buried jobs", "flask jobs list --state buried")
    if queue.oldest_due_seconds > LATE_SECONDS:
        late = f"the oldest due job waits for {queue.oldest_due_seconds} s"
        raise Ailing(late, "start a worker: flask worker")
    return f"{queue.due_count} due, none late, none buried"


def _wechat() -> str:
    if not settings().wx_appid or not settings().wx_secret:
        raise Ailing("no WX_APPID or WX_SECRET", "take both from the mini-program's console")
    wechat().access_token  # noqa: B018 - asking for it is the check
    where = "WeChat" if "api.weixin.qq.com" in settings().wx_open_base else "the simulator"
    return f"{where} accepts AppID and AppSecret"


def _wechat_pay() -> str:
    if not takes_wechat_pay():
        return "not used: WXPAY_MCHID is empty"
    try:
        pay().query(NO_PAYMENT)
    except PaymentUnknown:  # it has understood us, and knows no such payment
        where = "WeChat Pay" if settings().wxpay_base == WECHAT_PAY else "the simulator"
        return f"{where} accepts the merchant's number, certificate and signature"
    except WeChatMisconfigured as error:
        remedy = "compare WXPAY_MCHID, WXPAY_SERIAL and WXPAY_KEY_FILE with the merchant platform"
        raise Ailing(f"WeChat Pay refuses us: {error.pay_code}", remedy) from None
    raise Ailing(f"there is a payment {NO_PAYMENT}", "WXPAY_BASE is no WeChat Pay")


for _name, _check in {
    "密钥 · keys": _keys,
    "数据库 · database": _database,
    "数据表 · tables": _migrations,
    "Redis": _redis,
    "时钟 · clocks": _clocks,
    "任务 · jobs": _jobs,
    "微信 · WeChat": _wechat,
    "微信支付 · WeChat Pay": _wechat_pay,
}.items():
    register(_name, _check)
