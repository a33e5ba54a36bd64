"""What the counter refuses."""

from datetime import datetime
from typing import Any

from miniprogram_api.core.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    SlowDown,
    Unauthorized,
    Unprocessable,
)

# ------------------------------------------------------------------ tills


class NoSuchTill(NotFound):
    """There is no such till, or tills must be registered here and this one is not."""

    code = "no_such_till"
    title_zh = "收银台未登记"
    title_en = "This till is not registered"


class TillCodeInvalid(BadRequest):
    """The header `X-Till` is 1 to 20 letters, digits, `-` or `_`."""

    code = "till_code_invalid"
    title_zh = "收银台编号格式有误"
    title_en = "X-Till is not valid"


class TillTaken(Conflict):
    """Another till has this code."""

    code = "till_taken"
    title_zh = "收银台编号已被使用"
    title_en = "Another till has this code"


class TillRevoked(Forbidden):
    """The till was taken out of service."""

    code = "till_revoked"
    title_zh = "该收银台已停用"
    title_en = "This till is out of service"


class TillLocked(SlowDown):
    """Too many unknown codes were scanned here; waiting, or a manager, opens it again."""

    code = "till_locked"
    title_zh = "无效码过多，收银台已暂时锁定，请店长解锁"
    title_en = "Too many unknown codes, the till is locked; ask a manager"


class TillsDiffer(Unprocessable):
    """The header `X-Till` and the body name different tills."""

    code = "tills_differ"
    title_zh = "收银台编号不一致"
    title_en = "Two different tills are named"


class OtherStore(Forbidden):
    """It belongs to another store than the caller's."""

    code = "other_store"
    title_zh = "不能操作其他门店"
    title_en = "It belongs to another store"


class DeviceKeyInvalid(Unprocessable):
    """The key is no P-256 public key in SPKI form, base64."""

    code = "device_key_invalid"
    title_zh = "设备公钥无效"
    title_en = "This is no device key"


class DeviceSignatureInvalid(Unauthorized):
    """A sale was not signed by the till's own device; nothing was taken."""

    code = "device_signature_invalid"
    title_zh = "设备签名无效"
    title_en = "The device's signature is not right"


# ------------------------------------------------------------------ scans


class NotAMemberCode(Unprocessable):
    """What was scanned is no member code; `looks_like` says what it may be."""

    code = "not_a_member_code"
    title_zh = "这不是会员码"
    title_en = "This is no member code"


class UnknownCode(NotFound):
    """It has the form of a member code, and nobody was given it."""

    code = "unknown_code"
    title_zh = "无效的会员码，请会员刷新"
    title_en = "Nobody has this code; ask the member to refresh"


class CodeExpired(Gone):
    """The code is over: a screenshot, or a phone that was not looked at."""

    code = "code_expired"
    title_zh = "会员码已过期，请会员刷新"
    title_en = "The code has expired; ask the member to refresh"


class CodeUsed(Conflict):
    """The code was scanned before; `used_at` and `till` say when and where."""

    code = "code_used"
    title_zh = "会员码已使用，请会员刷新"
    title_en = "The code was used already; ask the member to refresh"

    def __init__(self, used_at: datetime, till: str) -> None:
        super().__init__(f"it was scanned at till {till}", used_at=used_at, till=till)


class MemberBlocked(Forbidden):
    """The member is on the block list."""

    code = "member_blocked"
    title_zh = "该会员已被限制"
    title_en = "This member is blocked"


class ScanOver(Gone):
    """The scan is unknown here, too old, or has served a sale already."""

    code = "scan_over"
    title_zh = "请重新扫会员码"
    title_en = "Scan the member code again"


class ScanMayNotSpend(Forbidden):
    """A static number or a phone look-up may earn, never spend."""

    code = "scan_may_not_spend"
    title_zh = "请扫动态会员码后再使用积分、余额或优惠券"
    title_en = "Scan the live member code to spend"


class TooManyAlike(Unprocessable):
    """More members than can be told apart have a phone that ends so."""

    code = "too_many_alike"
    title_zh = "同尾号会员过多，请扫会员码"
    title_en = "Too many members alike; scan the member code"


class OwnAccount(Forbidden):
    """Nobody may give points to an account of their own."""

    code = "own_account"
    title_zh = "不能为自己的会员账号收银"
    title_en = "Not for an account of your own"


# ------------------------------------------------------------------ sales


class QuoteGone(Gone):
    """The quote is unknown here, or older than it may be."""

    code = "quote_expired"
    title_zh = "试算已失效，请重新确认"
    title_en = "The quote is over; look at it again"


class QuoteChanged(Conflict):
    """The price is another one by now; `quote` is the new one, ready to be confirmed."""

    code = "quote_changed"
    title_zh = "价格有变化，请重新确认"
    title_en = "The price has changed; confirm it again"

    def __init__(self, quote: dict[str, Any]) -> None:
        super().__init__("the price is another one by now", quote=quote)


class ReceiptUsed(Conflict):
    """This till has sold something else under the same receipt number; `sale_no` says what."""

    code = "receipt_used"
    title_zh = "小票号已被使用"
    title_en = "This receipt number was used"


class NoSuchSale(NotFound):
    """There is no such sale."""

    code = "no_such_sale"
    title_zh = "没有这笔销售"
    title_en = "There is no such sale"


class LineGivenBack(Conflict):
    """Fewer goods of this line are left than are to go back: `left` says how many."""

    code = "line_given_back"
    title_zh = "该商品已退，或剩余数量不足"
    title_en = "It was given back, or fewer are left"

    def __init__(self, line_no: int, asked: int, left: int) -> None:
        super().__init__(
            f"{left} of line {line_no} are left, not {asked}",
            line_no=line_no,
            asked=asked,
            left=left,
        )


class NoSuchReceipt(NotFound):
    """No receipt has this code."""

    code = "no_such_receipt"
    title_zh = "小票码无效"
    title_en = "No receipt has this code"


class ReceiptClaimed(Conflict):
    """The receipt's points were given already."""

    code = "receipt_claimed"
    title_zh = "该小票已积分"
    title_en = "This receipt was claimed already"


class ReceiptOver(Gone):
    """The receipt is too old to be claimed; `claim_until` says until when it could be."""

    code = "receipt_over"
    title_zh = "已超过补积分时限"
    title_en = "This receipt is too old"


# ------------------------------------------------------------------ limits


class ApprovalNeeded(Forbidden):
    """More than the caller may do alone: `limit` says what, `most` how much, `asked` how much it is."""

    code = "approval_needed"
    title_zh = "超出额度，需要店长授权"
    title_en = "A manager has to approve"


class ApprovalNotValid(Conflict):
    """The approval is for something else, for somebody else, too old, or used."""

    code = "approval_not_valid"
    title_zh = "授权无效或已使用"
    title_en = "This approval is not valid, or used"


class OwnApproval(Forbidden):
    """Nobody approves what they ask for themselves."""

    code = "own_approval"
    title_zh = "不能为自己授权"
    title_en = "Nobody approves for themselves"


# ------------------------------------------------------------------ pick-ups, shifts, offline


class UndoOver(Conflict):
    """It cannot be undone: too long ago, not handed over here, or undone before."""

    code = "undo_over"
    title_zh = "已超过可撤销时间"
    title_en = "Too late to undo"


class NotYourPickup(Forbidden):
    """Who handed it over, or a manager, undoes it."""

    code = "not_your_pickup"
    title_zh = "只能由原收银员或店长撤销"
    title_en = "Only who handed it over, or a manager, may undo it"


class NoOpenShift(Conflict):
    """Nothing was done here since the last close."""

    code = "no_open_shift"
    title_zh = "当前没有进行中的班次"
    title_en = "No shift is open"


class NoSuchConflict(NotFound):
    """There is no such conflict, or somebody has looked at it."""

    code = "no_such_conflict"
    title_zh = "没有待处理的冲突"
    title_en = "There is no such conflict"
