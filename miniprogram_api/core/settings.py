"""Every setting of the shop, with its unit, its default and what it means.

Defaults work on a laptop. `instance/config.py` overrides them, the environment overrides that; a
secret may come from a file named by `<NAME>_FILE`.
"""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from flask import Flask, current_app

from .setting_groups.guarding import GuardingSettings
from .setting_groups.running import RunningSettings
from .setting_groups.selling import SellingSettings
from .setting_groups.wechat import WeChatSettings


class SettingsError(Exception):
    """The configuration cannot be used; the message says what to change."""


class Origin(StrEnum):
    """Where a setting's value comes from; the later wins."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"


@dataclass(frozen=True)
class Settings(SellingSettings, GuardingSettings, WeChatSettings, RunningSettings):
    """The shop's settings, read once when the application is put together."""

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


def origin_of(name: str) -> Origin:
    """Where the running application has a setting from, by its name in capitals."""
    if name in os.environ or os.environ.get(f"{name}_FILE"):
        return Origin.ENVIRONMENT
    return Origin.FILE if name in current_app.config else Origin.DEFAULT


def typed(name: str, given: object) -> object:
    """What a setting's written value means.

    :raises SettingsError: it has the wrong form.
    """
    return _typed(next(item for item in fields(Settings) if item.name.upper() == name), given)


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
    if loaded.business_circle_enabled and not loaded.wxpay_mchid:
        raise SettingsError("BUSINESS_CIRCLE_ENABLED needs WXPAY_MCHID")
    if not loaded.is_production:
        return
    missing = [
        name for name in ("secret_keys", "field_keys", "index_key") if not getattr(loaded, name)
    ]
    if missing:
        named = ", ".join(name.upper() for name in missing)
        raise SettingsError(
            f"production needs {named}; for a new shop `ENVIRONMENT=demo flask setup` makes them"
        )
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
