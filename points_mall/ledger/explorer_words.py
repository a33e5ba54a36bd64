"""How the ledger's pages tell an entry: its explanation in sentences, states and kinds in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from miniprogram_api.core.clock import now
from miniprogram_api.merchant.member_habits import person
from miniprogram_api.pages.shell import say

from .explorer_causes import teller_of
from .models import DrawKind, HoldState

Word = tuple[str, str]
Badge = tuple[str, str, str]

KINDS: dict[str, Word] = {
    DrawKind.SPEND: ("消费", "spent"),
    DrawKind.EXPIRE: ("过期", "expired"),
    DrawKind.REVERSE: ("收回", "taken back"),
    DrawKind.REPAY: ("抵还欠分", "repaid a debt"),
    DrawKind.RESTORE: ("退回", "put back"),
}
HOLDS: dict[str, Badge] = {
    HoldState.OPEN: ("冻结中", "Held", "orange"),
    HoldState.CAPTURED: ("已扣减", "Spent", "green"),
    HoldState.VOIDED: ("已释放", "Set free", "secondary"),
    HoldState.EXPIRED: ("已超时释放", "Over, set free", "secondary"),
}
_ACTORS: dict[str, Word] = {"system": ("系统", "The system"), "command": ("命令行", "Command line")}
_NAMES: dict[str, Word] = {
    "why": ("原因", "Reason"),
    "approved_by": ("审批人", "Approved by"),
    "rule": ("依据规则", "By the rule"),
    "version": ("规则版本", "Version of the rule"),
    "ladder_version": ("等级方案版本", "Version of the ladder"),
    "tier": ("等级", "Tier"),
    "day": ("日期", "Day"),
    "title": ("名称", "Title"),
    "prize": ("奖品", "Prize"),
    "wheel": ("转盘编号", "Wheel"),
    "draw_no": ("抽奖单号", "Draw"),
    "purchase_no": ("消费单号", "Purchase"),
    "template": ("券模板", "Coupon template"),
    "source": ("来源", "Source"),
    "points_each": ("每件积分", "Points each"),
    "quantity": ("数量", "Units"),
    "streak_days": ("连续天数", "Days in a row"),
    "day_of_cycle": ("周期第几天", "Day of the cycle"),
    "made_up": ("是否补签", "Made up"),
    "demo": ("演示数据", "Demo data"),
    "parts": ("奖励", "Reward"),
    "amount": ("数额", "Amount"),
    "cause": ("缘由", "For"),
    "kind": ("种类", "Kind"),
    "milestone_days": ("里程碑天数", "Milestone, days"),
    "item": ("物品", "Item"),
}
_VALUES: dict[str, Word] = {
    "checkin": ("签到", "check-in"),
    "earning": ("消费积分", "earning"),
    "daily": ("每日签到", "daily"),
    "streak": ("连续签到", "streak"),
    "month": ("当月累计", "days of the month"),
    "points": ("积分", "points"),
    "reward": ("积分商品", "reward"),
    "flash_sale": ("限时秒杀", "flash sale"),
}
_CODED = frozenset({"rule", "cause", "kind", "source"})
"""Parts of an explanation whose values are codes of ours; whatever else is shown as it stands."""


def sentences(explanation: dict[str, Any] | None) -> list[str]:
    """An explanation as people read it, by the feature whose rule it names; nothing is left out."""
    if not explanation:
        return []
    tell = teller_of(explanation.get("rule"))
    return list(tell(explanation) if tell else _told(explanation))


def by(actor: str) -> str:
    """Who posted."""
    return say(*_ACTORS[actor]) if actor in _ACTORS else person(actor)


def lot_state(lot: Any) -> Badge:
    """What is left of a lot, in a word and its colour."""
    if lot.remaining == 0:
        return ("已用完", "Used up", "secondary")
    if lot.expires_at is not None and lot.expires_at <= now():
        return ("已过期", "Over", "orange")
    return ("有剩余", "Open", "green")


def _told(part: Mapping[str, Any], before: str = "") -> Iterator[str]:
    colon = say("：", ": ")
    for name, value in part.items():
        label = before + (say(*_NAMES[name]) if name in _NAMES else name)
        if isinstance(value, Mapping):
            yield from _told(value, f"{label} · ")
        elif isinstance(value, list):
            yield from _listed(label, value)
        else:
            yield f"{label}{colon}{_value(name, value)}"


def _listed(label: str, values: list[Any]) -> Iterator[str]:
    colon, comma = say("：", ": "), say("、", ", ")
    for number, value in enumerate(values, 1):
        if isinstance(value, Mapping):
            inner = comma.join(_told(value))
            yield f"{label} {number}{colon}{inner}"
    plain = [str(value) for value in values if not isinstance(value, Mapping)]
    if plain:
        yield f"{label}{colon}{comma.join(plain)}"


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    if name == "approved_by":
        return person(str(value))
    if name in _CODED and str(value) in _VALUES:
        return say(*_VALUES[str(value)])
    return "—" if value is None else str(value)
