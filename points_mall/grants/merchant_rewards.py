"""Rewards in the rows of a merchant's form: one row promises so much of a kind."""

from collections.abc import Mapping, Sequence
from typing import Any

from miniprogram_api.http.language import language
from miniprogram_api.http.schemas import Integer, Points, Schema, Text
from miniprogram_api.merchant.form_words import spoken, teach
from miniprogram_api.merchant.forms import Form, FormRefused

from . import kinds
from .errors import RewardNotAllowed
from .kinds import MOST_VALID_DAYS
from .rewards import Reward, reward_from_json

MOST_ROWS = 500
WORDS = {
    "kind": ("奖励", "reward"),
    "amount": ("数量", "amount"),
    "item": ("哪一种", "which one"),
    "valid_days": ("有效天数", "days valid"),
}
"""What people call the fields of a row."""
_FACTS = ("kind", "amount", "item", "valid_days")

teach(
    (
        (r"nobody gives '(.+)'; there are .+", r"没有“\1”这种奖励"),
        (r".+: valid for 1 to (\d+) days, not .+", r"有效天数须在 1 到 \1 之间"),
        (r"\w+: 1 to (\d+), not (-?\d+)", r"数量须在 1 到 \1 之间，不是 \2"),
        (r"\w+: there is only one kind of them", "这种奖励只有一种，“哪一种”请留空"),
        (
            r"no coupon template (.+): name one in `item`",
            r"没有券模板 \1：请在“哪一种”里选择券模板",
        ),
        (r"coupon template (.+) is over", r"券模板 \1 已过期"),
        ("money in the wallet does not expire", "余额不会过期，不用填有效天数"),
        (r"there is no wheel (.+)", r"没有转盘 \1：请在“哪一种”里选择转盘"),
    )
)


class RewardRow(Schema):
    """So much of a kind, as it is typed."""

    kind = Text(32, required=True)
    amount = Points(required=True)
    item = Text(64)
    valid_days = Integer(1, MOST_VALID_DAYS)


def choices() -> list[tuple[str, str]]:
    """The kinds that rules can promise: code and name."""
    return [(kind.code, kinds.name_of(kind.code, language())) for kind in kinds.known()]


def named() -> list[tuple[str, list[tuple[str, str]]]]:
    """What a reward may name, by the kind that has several things: code, and what people call it."""
    return [
        (kinds.name_of(kind.code, language()), named_of(kind.code))
        for kind in kinds.known()
        if kind.items is not kinds.no_items
    ]


def named_of(code: str) -> list[tuple[str, str]]:
    """The things of a kind, or none where nobody gives it."""
    kind = next((one for one in kinds.known() if one.code == code), None)
    items = kind.items() if kind else ()
    return [(one.code, f"{one.name(language())} · {one.code}") for one in items]


def row_of(reward: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a reward as it is stored."""
    return {name: reward[name] for name in _FACTS if reward.get(name) is not None}


def reward_of(row: Mapping[str, Any]) -> Reward:
    """The reward that a row promises."""
    return reward_from_json(row_of(row))


def check_rows(form: Form, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """See that each row's reward can be given.

    :raises FormRefused: with why not, at its row.
    """
    for number, row in enumerate(rows):
        try:
            kinds.check_reward(reward_of(row))
        except RewardNotAllowed as refusal:
            at = "item" if row["kind"] == "coupon" else "amount"
            form.errors[f"{name}-{number}-{at}"] = spoken(str(refusal))
    if form.errors:
        raise FormRefused(form)
