"""What the merchant's pages call the parts of a reward, and what they say of its faults."""

from collections.abc import Mapping

from points_mall.stock.pools import MAX_UNITS

from .terms import DELIVERY, MOST_PICTURES, MOST_VARIANTS, PICKUP

FIELDS: Mapping[str, tuple[str, str]] = {
    "title": ("名称", "Name"),
    "summary": ("一句话介绍", "In one line"),
    "description": ("详情", "Description"),
    "pictures": ("图片", "Picture"),
    "address": ("地址", "Address"),
    "points": ("积分价", "Points"),
    "cash_fen": ("另付（元）", "Cash (yuan)"),
    "fulfilment": ("领取方式", "Handed over"),
    "is_stocked": ("门店现货", "At the counter"),
    "min_tier": ("最低等级", "Lowest tier"),
    "allowance": ("每人限兑", "Most each"),
    "available_from": ("开始", "From"),
    "available_until": ("结束", "Until"),
    "is_cancellable": ("会员可取消", "Members may cancel"),
    "position": ("排序", "Order"),
    "variants": ("规格", "Variant"),
    "name": ("名称", "Name"),
    "stock": ("库存", "Stock"),
}
FAULTS: Mapping[str, tuple[str, str, str]] = {
    "points must be above zero": ("points", "须大于 0", "Above zero"),
    "cash_fen must not be below zero": ("cash_fen", "不能小于 0", "Not below zero"),
    "fulfilment is pickup or delivery": ("fulfilment", "请选择", "Choose one"),
    "min_tier_rank must not be below zero": ("min_tier", "没有这个等级", "There is no such tier"),
    "allowance must be above zero, or null": (
        "allowance", "须大于 0，或留空", "Above zero, or empty"),
    "position must not be below zero": ("position", "不能小于 0", "Not below zero"),
    "available_until must come after available_from": (
        "available_until", "结束须晚于开始", "It ends after it starts"),
    f"at most {MOST_PICTURES} pictures": (
        "pictures", f"最多 {MOST_PICTURES} 张图片", f"At most {MOST_PICTURES} pictures"),
    "pictures are https addresses or paths under /static/": (
        "pictures", "图片须是 https 地址，或上传的图片", "Pictures are https addresses, or put in here"),
    f"1 to {MOST_VARIANTS} variants": (
        "variants", f"规格须有 1 到 {MOST_VARIANTS} 个", f"1 to {MOST_VARIANTS} variants"),
    "two variants have one name": (
        "variants", "两个规格同名", "Two variants have the same name"),
    "of several variants each has a name": (
        "variants", "有多个规格时，每个都要有名称", "Of several variants each has a name"),
    "a variant's points are above zero, or null": (
        "variants", "规格的积分价须大于 0，或留空", "A variant's points are above zero, or empty"),
    f"stock is 0 to {MAX_UNITS}": (
        "variants", f"库存须在 0 到 {MAX_UNITS:,} 之间", f"Stock is 0 to {MAX_UNITS:,}"),
}  # fmt: skip
"""Of each fault of a reward: the field that it is about, and what is said of it."""

HANDED_OVER = ((PICKUP, "到店自取", "Pick-up"), (DELIVERY, "邮寄", "By post"))
STATES: Mapping[str, tuple[str, str, str]] = {
    "available": ("可兑换", "Available", "green"),
    "upcoming": ("未开始", "To come", "blue"),
    "ended": ("已结束", "Over", "secondary"),
    "sold_out": ("已兑完", "Sold out", "orange"),
    "unlisted": ("已下架", "Unlisted", "secondary"),
}
