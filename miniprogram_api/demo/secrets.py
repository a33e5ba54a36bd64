"""The secrets of a demo installation, made once and kept in `instance/config.py`."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from miniprogram_api.core.crypto import FRESH_KEYS
from miniprogram_api.core.settings import Settings

PAY_FOLDER = "wechatpay"
"""The folder in the instance that holds the keys of WeChat Pay, the merchant's and the simulator's."""

BRAND_ID = 1000

_HEADER = '"""Made by `flask demo`. config.example.py shows every setting there is."""\n'
_NOTE = "\n# Added by `flask demo`: this installation's own secrets. Whoever has them can do anything.\n"
_PAY_NOTE = "\n# Added by `flask demo`: a merchant of the simulated WeChat Pay.\n"


def _aes_key() -> str:
    """An EncodingAESKey: base64 of 32 bytes without its last character, as WeChat writes it."""
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


_MAKERS: dict[str, Callable[[], str]] = {
    **FRESH_KEYS,
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
    _append(instance, _NOTE, {name: _MAKERS[name]() for name in missing})
    return missing


def complete_pay(
    instance: Path, settings: Settings, addresses: Mapping[str, str], make: Callable[[Path], None]
) -> list[str]:
    """Let the shop be a merchant of the simulated WeChat Pay, unless it is one of any; its settings.

    It is in a business circle, too: the simulator's shops are around it.

    :param addresses: where WeChat Pay and the shop are, by setting; another start may say otherwise.
    :param make: writes the keys into a folder, `merchant.json` with the numbers last.
    """
    if settings.wxpay_mchid:
        return []
    folder = instance / PAY_FOLDER
    make(folder)
    merchant = json.loads((folder / "merchant.json").read_text(encoding="utf-8"))
    found: dict[str, object] = {
        "wxpay_mchid": merchant["mchid"],
        "wxpay_serial": merchant["serial"],
        "wxpay_key_file": f"{PAY_FOLDER}/apiclient_key.pem",
        "wxpay_apiv3_key": merchant["apiv3_key"],
        "wxpay_pubkey_id": merchant["public_key_id"],
        "wxpay_pubkey_file": f"{PAY_FOLDER}/pub_key.pem",
        **addresses,
        "business_circle_enabled": True,
        "business_circle_brand_id": BRAND_ID,
    }
    _append(instance, _PAY_NOTE, found)
    return list(found)


def _append(instance: Path, note: str, values: Mapping[str, object]) -> None:
    """Write settings at the end of the configuration, which is for the owner's eyes only."""
    path = instance / "config.py"
    lines = [f"{name.upper()} = {value!r}\n" for name, value in values.items()]
    start = "" if path.exists() else _HEADER
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("a", encoding="utf-8") as file:
        file.write(start + note + "".join(lines))
        file.flush()
        os.fsync(file.fileno())
