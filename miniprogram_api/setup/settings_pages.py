"""Every setting: what it means, its unit, its value, and where that comes from. Secrets are not shown."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby

from flask import Blueprint, render_template

from miniprogram_api.core.setting_groups.guarding import GuardingSettings
from miniprogram_api.core.setting_groups.running import RunningSettings
from miniprogram_api.core.setting_groups.selling import SellingSettings
from miniprogram_api.core.setting_groups.wechat import WeChatSettings
from miniprogram_api.core.settings import origin_of, settings
from miniprogram_api.merchant.listing import Choice, asked
from miniprogram_api.merchant.navigation import HOUSE, Door, add_door
from miniprogram_api.staff.guards import for_staff

from . import config_file
from .setting_words import MEANINGS, UNITS

HERE = "/admin/settings"
_GROUPS = {
    RunningSettings: ("运行", "Running"),
    SellingSettings: ("经营", "Selling"),
    WeChatSettings: ("微信", "WeChat"),
    GuardingSettings: ("安全与隐私", "Safety and privacy"),
}
_ORIGIN = Choice(
    "origin",
    "来自",
    "From",
    (
        ("default", "默认", "Default"),
        ("file", "配置文件", "File"),
        ("environment", "环境变量", "Environment"),
    ),
)

blp = Blueprint("setup_settings", __name__)


@dataclass(frozen=True)
class Entry:
    """A setting as the page shows it."""

    group: tuple[str, str]
    name: str
    meaning: str
    meaning_zh: str
    unit: str
    unit_zh: str
    value: object
    is_secret: bool
    origin: str

    def speaks_of(self, query: str) -> bool:
        """Whether the words are in its name or in what it means."""
        return query.lower() in f"{self.name} {self.meaning} {self.meaning_zh}".lower()


@blp.get(HERE)
@for_staff("owner")
def show() -> str:
    """All of them, or those that were asked for."""
    asked_for = asked(_ORIGIN)
    wanted = asked_for.filters.get("origin")
    found = [
        entry
        for entry in entries()
        if entry.speaks_of(asked_for.query) and wanted in {None, entry.origin}
    ]
    rows = [(group, list(part)) for group, part in groupby(found, key=lambda entry: entry.group)]
    return render_template(
        "setup/settings.html",
        asked=asked_for,
        choices=[_ORIGIN],
        rows=rows,
        waiting=config_file.waiting(),
    )


def entries() -> Iterator[Entry]:
    """Every setting, by group; a secret without its value."""
    for kind, group in _GROUPS.items():
        for item in fields(kind):
            name, about = item.name.upper(), item.metadata
            value = getattr(settings(), item.name)
            yield Entry(
                group,
                name,
                about["meaning"],
                MEANINGS.get(item.name, about["meaning"]),
                about["unit"],
                UNITS.get(about["unit"], about["unit"]),
                bool(value) if about["secret"] else value,
                about["secret"],
                origin_of(name),
            )


add_door(Door(HERE, "设置", "Settings", "settings", HOUSE, role="owner", rank=92))
