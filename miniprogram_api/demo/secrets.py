"""The secrets of a demo installation, made once and kept in `instance/config.py`."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from miniprogram_api.core.crypto import new_key
from miniprogram_api.core.settings import Settings

_HEADER = '"""Made by `flask demo`. config.example.py shows every setting there is."""\n'
_NOTE = "\n# Added by `flask demo`: this installation's own secrets. Whoever has them can do anything.\n"


def _aes_key() -> str:
    """An EncodingAESKey: base64 of 32 bytes without its last character, as WeChat writes it."""
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


_MAKERS: dict[str, Callable[[], str]] = {
    "secret_keys": lambda: secrets.token_urlsafe(48),
    "field_keys": lambda: f"k1:{new_key()}",
    "index_key": new_key,
    "metrics_token": lambda: secrets.token_urlsafe(24),
    "wx_appid": lambda: f"wx{secrets.token_hex(8)}",
    "wx_secret": lambda: secrets.token_hex(16),
    "wx_push_token": lambda: secrets.token_hex(16),
    "wx_push_aes_key": _aes_key,
}


def complete(instance: Path, settings: Settings) -> list[str]:
    """Write the secrets that nobody has set yet, for the owner's eyes only; gives their names.

    Lost field keys would make stored phone numbers unreadable, so what is there is never replaced.
    """
    missing = [name for name in _MAKERS if not getattr(settings, name)]
    if not missing:
        return []
    path = instance / "config.py"
    lines = [f'{name.upper()} = "{_MAKERS[name]()}"\n' for name in missing]
    start = "" if path.exists() else _HEADER
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("a", encoding="utf-8") as file:
        file.write(start + _NOTE + "".join(lines))
        file.flush()
        os.fsync(file.fileno())
    return missing
