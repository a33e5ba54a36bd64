"""What the merchant's pages call the parts of a wheel, and what they say of its faults."""

from collections.abc import Mapping

from points_mall.grants import kinds

from .terms import DELIVERY, DRAW_AGAIN, MOST_PRIZES, MOST_UNITS, NOTHING, PICKUP, REWARD

FIELDS: Mapping[str, tuple[str, str]] = {
    "title": ("名称", "Name"),
    "opens_at": ("开始", "Opens"),
    "closes_at": ("结束", "Closes"),
    "rules_zh": ("活动规则（中文）", "Rules (Chinese)"),
    "rules_en": ("活动规则（英文）", "Rules (English)"),
    "points_cost": ("每次消耗积分", "Points a draw"),
    "free_draws_per_day": ("每天免费次数", "Free draws a day"),
    "daily_limit": ("每人每天最多", "Most a day"),
    "total_limit": ("每人总共最多", "Most in all"),
    "weight_total": ("总权重", "Total weight"),
    "min_tier": ("最低等级", "Lowest tier"),
    "new_member_days": ("仅限入会几天内", "Only within days of joining"),
    "guarantee_nth": ("保底：第几次必中", "Guarantee: at the nth draw"),
    "prizes": ("奖品", "Prize"),
    "code": ("代号", "Code"),
    "name": ("名称", "Name"),
    "kind": ("种类", "Kind"),
    "weight": ("权重", "Weight"),
    "amount": ("数量", "Amount"),
    "item": ("哪一种", "Which one"),
    "value_fen": ("价值（元）", "Worth (yuan)"),
    "stock": ("总数量", "How many"),
    "expires_days": ("有效天数", "Days valid"),
    "fulfilment": ("领取方式", "Handed over"),
    "is_stocked": ("门店现货", "At the counter"),
    "is_consolation": ("安慰奖", "Consolation"),
    "is_guaranteed": ("保底奖品", "Guaranteed"),
}

FAULTS: Mapping[str, tuple[str, str, str]] = {
    f"1 to {MOST_PRIZES} prizes": (
        "prizes", f"奖品须有 1 到 {MOST_PRIZES} 个", f"A wheel has 1 to {MOST_PRIZES} prizes"),
    "two prizes have one code": (
        "prizes", "两个奖品用了同一个代号", "Two prizes have the same code"),
    "closes_at must come after opens_at": (
        "closes_at", "结束须晚于开始", "It must close after it opens"),
    "points_cost and free_draws_per_day must not be below zero": (
        "points_cost", "不能小于 0", "Not below zero"),
    "limits and new_member_days must be above zero, or null": (
        "daily_limit", "次数与天数须大于 0，或留空", "Limits are above zero, or left empty"),
    "min_tier must be on the ladder": (
        "min_tier", "没有这个等级", "There is no such tier"),
    "a wheel that only says draw again never ends": (
        "prizes", "不能只有「再抽一次」", "It cannot only say draw again"),
    "value_fen must not be below zero": (
        "value_fen", "不能小于 0", "Not below zero"),
    f"stock is 0 to {MOST_UNITS}, or null": (
        "stock", f"数量须在 0 到 {MOST_UNITS:,} 之间，或留空", f"0 to {MOST_UNITS:,}, or empty"),
    "a reward says how many there are": (
        "stock", "实物须写明数量", "Say how many there are"),
    "a reward says what it is worth": (
        "value_fen", "实物须写明价值", "Say what it is worth"),
    "a reward is for pickup or delivery, nothing else is": (
        "fulfilment", "实物须选领取方式，其他种类留空", "Choose how a thing is handed over; else leave it empty"),
    "its kind takes no amount and no item": (
        "amount", "这个种类不填数量和模板", "This kind takes no amount and no template"),
    "nothing is never limited": (
        "stock", "「谢谢参与」不限数量，请留空", "Nothing is never limited: leave it empty"),
    "its kind does not expire": (
        "expires_days", "这个种类没有有效期，请留空", "This kind does not expire: leave it empty"),
    "expires_days is 1 to 3650, or null": (
        "expires_days", "须在 1 到 3650 之间，或留空", "1 to 3650, or empty"),
    "only one prize is the consolation": (
        "prizes", "安慰奖只能有一个", "Only one prize is the consolation"),
    "a limited prize needs a consolation for when it has run out": (
        "prizes", "有限量奖品时，须指定一个不限量的安慰奖：发完后改发它",
        "A limited prize needs an unlimited consolation, given where it has run out"),
    "the consolation has no limit, and does not say draw again": (
        "prizes", "安慰奖不能限量，也不能是「再抽一次」",
        "The consolation has no limit, and is not draw again"),
    "guarantee_nth and guaranteed prizes go together": (
        "guarantee_nth", "保底次数与保底奖品须同时设置",
        "The guarantee and its prizes go together"),
    "guarantee_nth is 2 to 10000": (
        "guarantee_nth", "须在 2 到 10000 之间", "2 to 10000"),
    "a guaranteed prize must be possible": (
        "guarantee_nth", "保底奖品至少有一个权重大于 0", "A guaranteed prize needs a weight above zero"),
    "draw again and nothing are no prizes to guarantee": (
        "guarantee_nth", "「再抽一次」和「谢谢参与」不能作保底", "Neither draw again nor nothing can be guaranteed"),
    "where a guaranteed prize is limited the consolation is guaranteed too": (
        "guarantee_nth", "保底奖品限量时，安慰奖也须是保底奖品",
        "Where a guaranteed prize is limited, the consolation is guaranteed too"),
}  # fmt: skip
"""Of each fault that `terms` finds: the field that it is about, and what is said of it."""

_OWN = {
    REWARD: ("实物", "A thing"),
    DRAW_AGAIN: ("再抽一次", "Draw again"),
    NOTHING: ("谢谢参与", "Nothing"),
}
HANDED_OVER = (("", "—", "—"), (PICKUP, "到店自取", "Pick-up"), (DELIVERY, "邮寄", "By post"))


def kinds_of_prizes() -> list[tuple[str, str, str]]:
    """Every kind that a prize may be, with what people call it."""
    given = [(one.code, one.name_zh, one.name_en) for one in kinds.known()]
    return given + [(code, *said) for code, said in _OWN.items()]


def kind_named(code: str) -> tuple[str, str]:
    """What people call a kind."""
    return _OWN.get(code) or (kinds.name_of(code, "zh"), kinds.name_of(code, "en"))
