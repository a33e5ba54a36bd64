"""Orders in people's words: where they stand, where they come from, what became of a line of a file."""

from miniprogram_api.pages.shell import say

from .shipment_lines import GOOD, Verdict

STATUSES = {
    "awaiting_payment": ("待付款", "To be paid", "orange"),
    "placed": ("待处理", "Placed", "blue"),
    "ready": ("待自提", "Ready", "purple"),
    "shipped": ("已发货", "Shipped", "blue"),
    "collected": ("已自提", "Collected", "green"),
    "received": ("已签收", "Received", "green"),
    "cancelled": ("已取消", "Cancelled", "secondary"),
}
SOURCES = {
    "reward": ("积分兑换", "Reward"),
    "flash_sale": ("限时秒杀", "Flash sale"),
    "prize": ("奖品", "Prize"),
}
WAYS = {"pickup": ("到店自提", "Pick-up"), "delivery": ("快递", "Delivery")}
_CANCELLED = {
    "member": ("会员取消", "by the member"),
    "shop": ("商家取消", "by the shop"),
    "unpaid": ("超时未付款", "not paid in time"),
    "account_closed": ("账号注销", "the account was closed"),
}
_VERDICTS = {
    Verdict.SHIPS: ("将发货", "Will be shipped"),
    Verdict.ALREADY: (
        "已按此单号发货，无需处理",
        "Shipped under this number before: nothing to do",
    ),
    Verdict.UNKNOWN: ("没有这个订单", "No such order"),
    Verdict.TWICE: ("文件中重复的订单，只取第一行", "Twice in the file: the first line counts"),
    Verdict.NO_CARRIER: (
        "缺少快递公司，或名称超过 32 字",
        "No carrier, or a name of more than 32 signs",
    ),
    Verdict.NO_NUMBER: ("缺少运单号", "No tracking number"),
    Verdict.ROUNDED: (
        "表格软件把单号变成了科学计数法：请把该列设为文本后重新填写",
        "The spreadsheet rounded the number: format the column as text and fill it in again",
    ),
    Verdict.BAD_NUMBER: ("运单号格式不对", "Not the form of a tracking number"),
    Verdict.PICKED_UP: ("到店自提的订单，不发货", "Is picked up at the counter, not sent"),
    Verdict.NO_ADDRESS: ("会员还没有填写收货地址", "The member has not said yet where to"),
    Verdict.UNPAID: ("还没有付款", "Not paid yet"),
    Verdict.CANCELLED: ("订单已取消", "Cancelled"),
    Verdict.OTHERWISE: ("已用其他单号发货", "Shipped under another number"),
    Verdict.RECEIVED: ("已签收", "Received already"),
}


def verdict(code: Verdict, *, is_applied: bool) -> str:
    """What becomes, or became, of a line."""
    if is_applied and code is Verdict.SHIPS:
        return say("已发货", "Shipped")
    return say(*_VERDICTS[code])


def is_good(code: Verdict) -> bool:
    """Whether a line needs nobody."""
    return code in GOOD


def cancelled(why: str | None) -> str:
    """Why an order was cancelled."""
    return say(*_CANCELLED[why]) if why in _CANCELLED else (why or "")
