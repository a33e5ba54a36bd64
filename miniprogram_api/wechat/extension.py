"""The clients of the application in whose context we are, built from its settings."""

import re
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from flask import Flask, current_app

from miniprogram_api.core.redis import redis_client
from miniprogram_api.core.settings import Settings, SettingsError

from .client import MiniClient
from .errors import PaymentNotConfigured
from .pay import PayClient
from .pay_core import PayKeys
from .tokens import RedisFactory, no_redis
from .transport import OPEN_PLATFORM, WECHAT_PAY

_AES_KEY = re.compile(r"[0-9A-Za-z+/]{43}")
_FORMS = {
    "wxpay_mchid": (re.compile(r"[0-9]{8,32}"), "the digits of the merchant number"),
    "wxpay_serial": (re.compile(r"[0-9A-Fa-f]{16,40}"), "the certificate's serial number, in hex"),
    "wxpay_apiv3_key": (re.compile(r"[\x21-\x7e]{32}"), "the 32 characters of the APIv3 key"),
    "wxpay_pubkey_id": (re.compile(r"(PUB_KEY_ID_[0-9A-Za-z]+)?"), "PUB_KEY_ID_… or empty"),
}


def init_wechat(app: Flask, settings: Settings) -> None:
    """Give the application its clients; nothing is asked of WeChat before the first call.

    :raises SettingsError: production would not speak to WeChat itself, a key has a wrong form, or
        WeChat Pay is configured by half.
    """
    _refuse_other_than(OPEN_PLATFORM, settings.wx_open_base, "WX_OPEN_BASE", settings)
    if settings.wx_push_aes_key and not _AES_KEY.fullmatch(settings.wx_push_aes_key):
        raise SettingsError("WX_PUSH_AES_KEY must be the 43 characters of the EncodingAESKey")
    app.extensions["wechat"] = MiniClient(
        settings.wx_appid, settings.wx_secret, base_url=settings.wx_open_base, redis=redis_client
    )
    app.extensions["wechat_pay"] = (
        pay_client(Path(app.instance_path), settings, redis_client)
        if settings.wxpay_mchid
        else None
    )


def wechat() -> MiniClient:
    """The application's client of WeChat's open platform."""
    return cast(MiniClient, current_app.extensions["wechat"])


def pay() -> PayClient:
    """The application's client of WeChat Pay.

    :raises PaymentNotConfigured: the shop has no account there.
    """
    client = cast("PayClient | None", current_app.extensions["wechat_pay"])
    if client is None:
        raise PaymentNotConfigured("WXPAY_MCHID is empty", retry_after_seconds=3600)
    return client


def takes_wechat_pay() -> bool:
    """Whether the shop has an account at WeChat Pay."""
    return current_app.extensions["wechat_pay"] is not None


def pay_client(folder: Path, settings: Settings, redis: RedisFactory = no_redis) -> PayClient:
    """A client of the merchant that these settings name; nothing is asked before the first call.

    :param redis: gives the Redis in which failures are counted.
    :raises SettingsError: a setting has a wrong form, or a key is missing.
    """
    _refuse_other_than(WECHAT_PAY, settings.wxpay_base, "WXPAY_BASE", settings)
    for name, (form, meaning) in _FORMS.items():
        if not form.fullmatch(getattr(settings, name)):
            raise SettingsError(f"{name.upper()} must be {meaning}")
    if bool(settings.wxpay_pubkey_id) != bool(settings.wxpay_pubkey_file):
        raise SettingsError("WXPAY_PUBKEY_ID and WXPAY_PUBKEY_FILE come together, or not at all")
    keys = PayKeys(
        mchid=settings.wxpay_mchid,
        serial=settings.wxpay_serial,
        private_key=_pem(folder, settings.wxpay_key_file, "WXPAY_KEY_FILE"),
        apiv3_key=settings.wxpay_apiv3_key,
        public_key_id=settings.wxpay_pubkey_id or None,
        public_key=_pem(folder, settings.wxpay_pubkey_file, "WXPAY_PUBKEY_FILE")
        if settings.wxpay_pubkey_file
        else None,
    )
    notify_base = _notify_base(settings)
    try:
        return PayClient(
            settings.wx_appid,
            keys,
            base_url=settings.wxpay_base,
            notify_base=notify_base,
            redis=redis,
        )
    except Exception as error:  # noqa: BLE001 - wechatpayv3 has no narrower one
        raise SettingsError(
            f"WXPAY_KEY_FILE or WXPAY_PUBKEY_FILE cannot be used: {type(error).__name__}"
        ) from None


def _refuse_other_than(origin: str, given: str, name: str, settings: Settings) -> None:
    if settings.is_production and given.rstrip("/") != origin:
        raise SettingsError(f"{name} must be {origin} in production")


def _notify_base(settings: Settings) -> str:
    """The shop's address on the internet; WeChat Pay takes https without a query only."""
    given = urlsplit(settings.wxpay_notify_url)
    schemes = {"https"} if settings.is_production else {"https", "http"}
    if given.scheme not in schemes or not given.hostname or given.query or given.fragment:
        raise SettingsError("WXPAY_NOTIFY_URL must be this shop's address, https://…, no query")
    return settings.wxpay_notify_url


def _pem(folder: Path, path: str, name: str) -> str:
    """The key in a file; a relative path starts at the instance folder."""
    if not path:
        raise SettingsError(f"{name} is missing")
    try:
        return (folder / path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} cannot be read: {type(error).__name__}") from None
