"""Every setting of the shop, with its unit, its default and what it means.

Defaults work on a laptop. `instance/config.py` overrides them, the environment overrides that; a
secret may come from a file named by `<NAME>_FILE`.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app


def setting(default: Any, meaning: str, unit: str = "") -> Any:
    """A field of `Settings` that explains itself in the example configuration."""
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


class SettingsError(Exception):
    """The configuration cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Settings:
    """The shop's settings, read once when the application is put together."""

    # The installation
    environment: str = setting(
        "demo", "demo, test or production; production refuses what is only fit for a laptop"
    )
    secret_keys: str = setting(
        "", "signing keys for session tokens, newest first, separated by commas"
    )
    field_keys: str = setting(
        "", "keys for personal fields, newest first: id:base64 of 32 bytes, separated by commas"
    )
    index_key: str = setting("", "key for look-ups of encrypted fields: base64 of 32 bytes")
    metrics_token: str = setting("", "bearer token for /metrics; empty closes the page")
    trusted_proxies: int = setting(
        0, "reverse proxies in front that set X-Forwarded-For", "proxies"
    )
    log_format: str = setting("json", "json or console")
    max_body_bytes: int = setting(64 * 1024, "largest request body that is read", "bytes")

    idempotency_keep_days: int = setting(
        7, "how long the answer to a request is kept for its repeats", "days"
    )

    # The shop
    shop_name: str = setting("积分商城", "shown to shoppers")
    shop_time_zone: str = setting("Asia/Shanghai", "zone whose midnights divide the shop's days")

    # Storage
    database_url: str = setting(
        "", "sqlite:///… or postgresql+psycopg://…; empty: mall.db in the instance folder"
    )
    database_pool_size: int = setting(16, "connections a process keeps (PostgreSQL)", "connections")
    redis_url: str = setting(
        "", "redis://…, unix://…, or redis-cluster://…; empty: the socket in the instance folder"
    )
    broker_url: str = setting(
        "", "redis://… or amqp://… for the job queue; empty: the same Redis as above"
    )

    # WeChat
    wx_appid: str = setting("", "the mini-program's AppID")
    wx_secret: str = setting("", "the mini-program's AppSecret")
    wx_open_base: str = setting(
        "https://api.weixin.qq.com", "the open platform; the simulator's address in a demo"
    )
    wx_push_token: str = setting("", "Token of the message push")
    wx_push_aes_key: str = setting("", "EncodingAESKey of the message push, 43 characters")
    wechat_identity: str = setting(
        "code", "code: wx.login codes; cloud_run: the headers of WeChat Cloud Run (微信云托管)"
    )

    # Sessions
    access_token_seconds: int = setting(7200, "life of an access token", "seconds")
    revocation_poll_seconds: float = setting(
        2.0, "how often a process asks for revoked sessions; at most 5", "seconds"
    )

    # Pace: how fast one caller may go; 0 as a rate: no limit
    login_address_per_second: int = setting(
        50, "logins of one address; high, since many shoppers share one", "calls a second"
    )
    login_address_burst: int = setting(500, "logins of one address at once", "calls")
    login_openid_per_minute: int = setting(10, "logins of one WeChat user", "calls a minute")
    login_openid_burst: int = setting(10, "logins of one WeChat user at once", "calls")
    member_posts_per_second: int = setting(10, "writing calls of one member", "calls a second")
    member_posts_burst: int = setting(20, "writing calls of one member at once", "calls")
    phone_binds_per_hour: int = setting(
        10, "phone numbers that one member asks WeChat for, which costs money", "calls an hour"
    )
    web_workers: int = setting(
        2, "processes that answer requests; they share out the limits while Redis is away"
    )

    # Anti-abuse: from where on a figure counts against somebody; 0: it never does
    risk_members_per_device: int = setting(
        5, "people who log in on one device in a day, beyond which no new one may", "people"
    )
    risk_members_per_address: int = setting(
        500, "people who log in from one address in a day; a weak sign, never alone", "people"
    )
    risk_friends_per_inviter: int = setting(
        5, "friends in a day for whom an inviter is rewarded at once", "friends"
    )
    risk_young_account_hours: int = setting(24, "age below which an account is young", "hours")
    risk_lift_days: int = setting(30, "how long a lifted refusal is not repeated", "days")
    risk_record_days: int = setting(180, "how long refusals are kept", "days")
    wechat_risk_rank: bool = setting(
        default=False,
        meaning="ask WeChat for the risk rank of who logs in (the mini-program needs that permission)",
    )

    # Privacy
    consent_documents: str = setting(
        "terms:1,privacy:1,marketing:1,guardian:1",
        "documents that shoppers may agree to, each with its current version",
    )
    guardian_consent_below_years: int = setting(
        14, "age below which a birthday needs the guardian's consent; 0: it is never asked", "years"
    )
    session_record_days: int = setting(30, "life of a session's record after its end", "days")
    consent_record_days: int = setting(
        1095, "life of the consent records of a closed account", "days"
    )

    # Points
    points_valid_days: int = setting(365, "life of earned points; 0: they never expire", "days")
    points_restore_grace_days: int = setting(
        7, "life of restored points whose own lot has expired meanwhile", "days"
    )
    points_expiring_soon_days: int = setting(7, "ahead of expiry when points are announced", "days")

    # Work that happens later
    worker_threads: int = setting(4, "jobs that one worker process runs at once", "threads")
    worker_sweep_seconds: float = setting(
        3.0, "how often a worker looks for jobs that were never handed over or lost", "seconds"
    )
    worker_stop_seconds: float = setting(
        30.0, "how long a stopping worker waits for the jobs under way", "seconds"
    )
    job_lease_seconds: int = setting(
        60, "after so long without a sign of its worker a job is run again", "seconds"
    )
    job_keep_days: int = setting(14, "how long done jobs are kept", "days")

    # Messages to members
    message_channel: str = setting(
        "console", "subscribe: WeChat subscribe messages; console: the log; null: nothing"
    )
    message_templates: str = setting(
        "",
        'WeChat templates as JSON: {"points_expiring": "template id"}, or with its keywords '
        '{"points_expiring": {"id": "…", "keywords": {"points": "number1"}}}',
    )
    message_program_state: str = setting(
        "formal", "which version a message opens: formal, trial or developer"
    )
    message_quiet_hours: str = setting(
        "22:00-08:00", "no message by the shop's clock; empty: at any hour"
    )
    messages_per_day: int = setting(3, "most messages to one member in a day", "messages")

    # Orders paid in points
    redemption_receive_days: int = setting(
        10, "after so long a parcel that was sent counts as received", "days"
    )
    pickup_lookups_per_minute: int = setting(
        60, "pick-up codes that one till may look up, right or wrong", "calls a minute"
    )
    pickup_lookups_burst: int = setting(
        30, "pick-up codes that one till may look up at once", "calls"
    )

    # Lucky draws
    lottery_reveal_after_minutes: int = setting(
        5, "how long after midnight the day's seed is published", "minutes"
    )
    draw_chance_valid_days: int = setting(
        30, "life of a draw chance for which its rule names none; 0: it never expires", "days"
    )

    # Limited things
    claim_interval_seconds: float = setting(
        0.67, "between a member's claims on one pool, at a steady pace", "seconds"
    )
    claim_burst: int = setting(3, "claims of a member that may come at once; 0: no pace", "claims")
    sold_out_memory_seconds: float = setting(
        0.2, "how long a process answers sold out without asking; 0: it always asks", "seconds"
    )
    stock_without_redis: str = setting(
        "database", "while Redis is away: database (slower, as right), or refuse (503)"
    )

    @property
    def is_production(self) -> bool:
        """Whether real shoppers are served."""
        return self.environment == "production"

    @property
    def signing_keys(self) -> list[str]:
        """The signing keys, newest first."""
        return [key for key in self.secret_keys.split(",") if key]


def load(app: Flask, overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings: defaults < `instance/config.py` < environment < `overrides`.

    :raises SettingsError: a value has the wrong form, or production lacks a secret.
    """
    app.config.from_pyfile("config.py", silent=True)
    values: dict[str, Any] = {}
    for item in fields(Settings):
        name = item.name.upper()
        given = (overrides or {}).get(name, _environment(name, app.config.get(name)))
        if given is not None:
            values[item.name] = _typed(item, given)
    loaded = Settings(**values)
    _refuse_unfit(loaded)
    return loaded


def settings() -> Settings:
    """The settings of the application in whose context we are."""
    return cast(Settings, current_app.extensions["settings"])


def _environment(name: str, otherwise: object) -> object:
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, otherwise)


def _typed(item: "Field[Any]", given: object) -> object:
    kind: Any = type(item.default)
    if isinstance(given, kind) and not (kind is int and isinstance(given, bool)):
        return given
    try:
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[str(given).lower()]
        return kind(given)
    except (KeyError, TypeError, ValueError):
        raise SettingsError(f"{item.name.upper()} must be a {kind.__name__}") from None


def _refuse_unfit(loaded: Settings) -> None:
    if loaded.environment not in {"demo", "test", "production"}:
        raise SettingsError("ENVIRONMENT must be demo, test or production")
    if not 0 < loaded.revocation_poll_seconds <= 5:
        raise SettingsError("REVOCATION_POLL_SECONDS must be above 0 and at most 5")
    if loaded.wechat_identity not in {"code", "cloud_run"}:
        raise SettingsError("WECHAT_IDENTITY must be code or cloud_run")
    if not loaded.is_production:
        return
    missing = [
        name
        for name in ("secret_keys", "field_keys", "index_key", "wx_appid", "wx_secret")
        if not getattr(loaded, name)
    ]
    if missing:
        raise SettingsError("production needs " + ", ".join(name.upper() for name in missing))
    if any(len(key) < 32 for key in loaded.signing_keys):
        raise SettingsError("SECRET_KEYS: every key needs at least 32 characters")


def example() -> str:
    """The text of `instance/config.example.py`: every setting, commented out at its default."""
    lines = [
        '"""Copy to config.py and change what you need. The environment overrides this file."""',
        "",
    ]
    for item in fields(Settings):
        unit = f" [{item.metadata['unit']}]" if item.metadata["unit"] else ""
        lines += [
            f"# {item.metadata['meaning']}{unit}",
            f"# {item.name.upper()} = {item.default!r}",
        ]
        lines.append("")
    return "\n".join(lines)
