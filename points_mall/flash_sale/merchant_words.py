"""What the merchant's pages call the parts of a sale, and what they say of its faults."""

from collections.abc import Mapping

from points_mall.stock.pools import MAX_UNITS

from .states import SaleState
from .terms import DELIVERY, LONGEST, MOST_ITEMS, MOST_SLOTS, PICKUP

FIELDS: Mapping[str, tuple[str, str]] = {
    "title": ("名称", "Name"),
    "campaign": ("活动", "Campaign"),
    "slots": ("场次", "Slot"),
    "starts_at": ("开始", "Starts"),
    "ends_at": ("结束", "Ends"),
    "days": ("日期", "Days"),
    "times": ("时段", "Hours"),
    "items": ("商品", "Item"),
    "points_price": ("积分价", "Points"),
    "cash_fen": ("另付（元）", "Cash (yuan)"),
    "stock": ("库存", "Stock"),
    "allowance": ("每人限购", "Most each"),
    "min_tier": ("最低等级", "Lowest tier"),
    "fulfilment": ("领取方式", "Handed over"),
    "is_stocked": ("门店现货", "At the counter"),
    "is_cancellable": ("可取消", "May be cancelled"),
    "reward_id": ("对应的积分商品", "The reward it is"),
}
FAULTS: Mapping[str, tuple[str, str, str]] = {
    f"1 to {MOST_SLOTS} slots": (
        "slots", f"场次须有 1 到 {MOST_SLOTS} 个", f"1 to {MOST_SLOTS} slots"),
    f"1 to {MOST_ITEMS} items": (
        "items", f"商品须有 1 到 {MOST_ITEMS} 个", f"1 to {MOST_ITEMS} items"),
    "a slot ends after it starts": (
        "slots", "每场的结束须晚于开始", "A slot ends after it starts"),
    f"a slot lasts at most {LONGEST.days} days": (
        "slots", f"一场最长 {LONGEST.days} 天", f"A slot lasts at most {LONGEST.days} days"),
    "a slot must not be over already": (
        "slots", "有一场已经过去", "A slot is over already"),
    "two slots must not overlap": (
        "slots", "场次不能重叠", "Two slots must not overlap"),
    f"stock is 1 to {MAX_UNITS}": (
        "items", f"库存须在 1 到 {MAX_UNITS:,} 之间", f"Stock is 1 to {MAX_UNITS:,}"),
    "a sale ends after it starts": (
        "ends_at", "结束须晚于开始", "It ends after it starts"),
    f"a sale lasts at most {LONGEST.days} days": (
        "ends_at", f"一场最长 {LONGEST.days} 天", f"It lasts at most {LONGEST.days} days"),
    "to end a sale now, close it": (
        "ends_at", "结束时间已过；要现在结束，请用「立即结束」", "That is past: to end it now, close it"),
    "it has started already": (
        "starts_at", "已经开始，开始时间不能再改", "It has started already"),
}  # fmt: skip
"""Of each fault of a sale: the field that it is about, and what is said of it."""

HANDED_OVER = ((PICKUP, "到店自取", "Pick-up"), (DELIVERY, "邮寄", "By post"))
STATES = (
    (SaleState.RUNNING.value, "进行中", "Running"),
    (SaleState.UPCOMING.value, "未开始", "To come"),
    (SaleState.ENDED.value, "已结束", "Over"),
)
