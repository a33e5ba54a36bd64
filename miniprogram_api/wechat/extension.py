"""The client of the application in whose context we are, built from its settings."""

import re
from typing import cast

from flask import Flask, current_app

from miniprogram_api.core.redis import redis_client
from miniprogram_api.core.settings import Settings, SettingsError

from .client import MiniClient
from .transport import OPEN_PLATFORM

_AES_KEY = re.compile(r"[0-9A-Za-z+/]{43}")


def init_wechat(app: Flask, settings: Settings) -> None:
    """Give the application its client; nothing is asked of WeChat before the first call.

    :raises SettingsError: production would not speak to WeChat itself, or a key has a wrong form.
    """
    if settings.is_production and settings.wx_open_base.rstrip("/") != OPEN_PLATFORM:
        raise SettingsError(f"WX_OPEN_BASE must be {OPEN_PLATFORM} in production")
    if settings.wx_push_aes_key and not _AES_KEY.fullmatch(settings.wx_push_aes_key):
        raise SettingsError("WX_PUSH_AES_KEY must be the 43 characters of the EncodingAESKey")
    app.extensions["wechat"] = MiniClient(
        settings.wx_appid, settings.wx_secret, base_url=settings.wx_open_base, redis=redis_client
    )


def wechat() -> MiniClient:
    """The application's client of WeChat's open platform."""
    return cast(MiniClient, current_app.extensions["wechat"])
