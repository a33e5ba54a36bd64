"""What the set-up keeps: settings in the file, keys beside it, the first owner. Each leaves its act."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from flask import current_app

from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.settings import Settings
from miniprogram_api.staff import accounts, audit
from miniprogram_api.staff.roles import OWNER

from . import config_file, links
from .credentials import Merchant
from .errors import ConfigNotWritable

BY = "setup"
PAY_FOLDER = "wechatpay"
_SECRETS = {item.name.upper() for item in fields(Settings) if item.metadata["secret"]}


@retrying
def keep(changes: Mapping[str, object], by: str = BY) -> bool:
    """Let the file give these settings, by their names in capitals; whether that changed anything.

    :raises ConfigNotWritable: nothing was kept.
    """
    instance = Path(current_app.instance_path)
    held = config_file.values(instance)
    before = {name: held.get(name) for name in changes}
    if before == dict(changes):
        return False
    with transaction():
        audit.record(
            "setup.settings",
            "settings:shop",
            before=_tellable(before),
            after=_tellable(changes),
            by=by,
        )
        config_file.write(instance, changes)
    return True


def keep_merchant(merchant: Merchant) -> bool:
    """Keep what a merchant has from WeChat Pay, the keys as files that only their owner reads."""
    files = {"apiclient_key.pem": merchant.key}
    if merchant.pubkey:
        files["pub_key.pem"] = merchant.pubkey
    folder = Path(current_app.instance_path) / PAY_FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            _keep_key(folder / name, content)
    except OSError as error:
        raise ConfigNotWritable(type(error).__name__) from None
    return keep(
        {
            "WXPAY_MCHID": merchant.mchid,
            "WXPAY_SERIAL": merchant.serial,
            "WXPAY_APIV3_KEY": merchant.apiv3_key,
            "WXPAY_KEY_FILE": f"{PAY_FOLDER}/apiclient_key.pem",
            "WXPAY_PUBKEY_ID": merchant.pubkey_id,
            "WXPAY_PUBKEY_FILE": f"{PAY_FOLDER}/pub_key.pem" if merchant.pubkey else "",
            "WXPAY_NOTIFY_URL": merchant.notify_url,
        }
    )


@retrying
def appoint_owner(token: str, *, name: str, username: str, password: str) -> None:
    """Make the first owner; the link opens nothing more.

    :raises SetupClosed: it was used already, perhaps a moment ago.
    :raises UsernameNotAllowed: the user name has the wrong form.
    :raises PasswordTooWeak: the password is one that is guessed first.
    """
    with transaction():
        links.use_up(token)
        staff_id = accounts.add(username, password, OWNER.code, name=name)
        audit.record("setup.owner", f"staff:{staff_id}", by=BY)


def _keep_key(path: Path, content: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        config_file.replace(path, content, path.with_suffix(".pem.old"))


def _tellable(values: Mapping[str, object]) -> dict[str, object]:
    """Settings as the audit may show them: of a secret only whether there is one."""
    return {name: bool(value) if name in _SECRETS else value for name, value in values.items()}
