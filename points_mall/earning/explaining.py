"""The explanation of an award: the facts that it was judged by, and its steps in people's words. Pure.

What the rule looked at is kept, so that the same occasion can be judged again under other terms; of
a birthday only whether its month it was.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from .facts import BoughtLine, Occasion

RULE = "earning"
OUTCOMES = {
    "earned": "获得积分 · earned",
    "no_rule": "当时没有生效的规则 · no rule was in force",
    "nothing_earns": "没有可得积分的商品 · nothing in it earns",
    "below_minimum": "未达最低消费 · below the minimum",
    "rounded_away": "不足 1 积分 · less than one point",
    "capped": "达到上限，只给剩余部分 · capped: what was left of it",
    "rejected": "超过上限，不给积分 · beyond the cap: none",
}
PERIODS = {"purchase": "每笔 a purchase", "day": "每日 a day", "month": "每月 a month"}


def inputs(occasion: Occasion, day: date) -> dict[str, Any]:
    """What the rule looks at, beside the lines."""
    return {
        "rule": RULE,
        "source": occasion.source,
        "day": day.isoformat(),
        "tier_multiplier_bp": occasion.multiplier_bp,
        "is_first": occasion.is_first,
        "is_birthday_month": occasion.is_in_birthday_month(day),
    }


def occasion_again(
    member_id: int, reference: str, occurred_at: datetime, explanation: dict[str, Any]
) -> Occasion:
    """The occasion that an explanation tells of; the rule sees no difference."""
    day = date.fromisoformat(explanation["day"])
    return Occasion(
        member_id,
        reference,
        occurred_at,
        tuple(BoughtLine(one["category"], one["amount_fen"]) for one in explanation["lines"]),
        explanation["source"],
        explanation["tier_multiplier_bp"],
        day.replace(day=1) if explanation["is_birthday_month"] else None,
        explanation["is_first"],
    )


def sentences(explanation: dict[str, Any]) -> Iterator[str]:
    """The steps, one a line, as the operator reads them."""
    if explanation["outcome"] == "no_rule":
        yield "规则 rule  无 none"
    else:
        version = explanation["version"]
        yield f"规则 rule  {'草案 draft' if version is None else f'版本 version {version}'}"
        yield from map(_line, explanation["lines"])
        yield f"等级倍数 tier  ×{_times(explanation['tier_multiplier_bp'])}"
        yield (
            f"可得积分金额 eligible  {_yuan(explanation['eligible_fen'])}"
            f"（最低 minimum {_yuan(explanation['minimum_fen'])}）"
        )
        rounding = f"{explanation['exact']} → {explanation['rounded']}（{explanation['rounding']}）"
        yield f"取整 rounding  {rounding}"
        yield from map(_cap, explanation["caps"])
    yield f"积分 points  {explanation['points']}  {OUTCOMES[explanation['outcome']]}"
    if back := explanation.get("cashback"):
        most = f"最多 at most {_yuan(back['most_fen'])}"
        yield f"返现 cashback  {_yuan(back['fen'])}（{back['rate_bp'] / 100:g}%，{most}）"


def _line(line: dict[str, Any]) -> str:
    rate = line["rate"]
    if rate is None:
        return f"{line['category']}  {_yuan(line['amount_fen'])}  不积分 earns nothing"
    campaigns = "+".join(line["campaigns"])
    return (
        f"{line['category']}  {_yuan(line['amount_fen'])}"
        f"  {rate['points']} 积分 points / {_yuan(rate['per_fen'])}"
        f"  ×{_times(line['multiplier_bp'])} {campaigns}".rstrip()
        + f"  = {line['points']}"
    )


def _cap(hit: dict[str, Any]) -> str:
    return (
        f"上限 cap  {PERIODS[hit['period']]} {hit['most']}，已用 used {hit['used']}，"
        f"应得 asked {hit['asked']}（{hit['then']}）"
    )


def _yuan(fen: int) -> str:
    return f"¥{fen // 100}.{fen % 100:02}"


def _times(multiplier_bp: int) -> str:
    return f"{multiplier_bp / 10_000:g}"
