"""What the ledger refuses."""

from miniprogram_api.core.errors import Conflict, Forbidden, NotFound, Unprocessable


class InsufficientPoints(Conflict):
    """The member cannot spend that many; the numbers say how many there are."""

    code = "insufficient_points"
    title_zh = "积分不足"
    title_en = "Not enough points"

    def __init__(self, required: int, available: int) -> None:
        super().__init__(
            f"needs {required} points, has {available}", required=required, available=available
        )


class HoldClosed(Conflict):
    """The hold was captured, voided or has expired."""

    code = "hold_closed"
    title_zh = "积分冻结已结束"
    title_en = "The hold on the points is over"


class NoSuchHold(NotFound):
    """There is no hold with this reference on the account."""

    code = "no_such_hold"


class NoSuchEntry(NotFound):
    """There is no entry with this reason and reference on the account."""

    code = "no_such_entry"


class BadMovement(Unprocessable):
    """The movement cannot be: no points, more than there were, a refund above the payment."""

    code = "bad_movement"
    title_zh = "积分变动不合法"
    title_en = "Not a valid movement of points"


class BalanceMoved(Conflict):
    """The member's points are others than those that were shown; look at what would happen now."""

    code = "balance_moved"
    title_zh = "余额刚有变动，请核对后再确认"
    title_en = "The balance has just changed, look again before you confirm"


class NoSuchAdjustment(NotFound):
    """There is no request of this number."""

    code = "no_such_adjustment"
    title_zh = "没有这条审批"
    title_en = "There is no such request"


class AdjustmentDecided(Conflict):
    """Somebody has decided it already; `state` says how, `decided_by` who."""

    code = "adjustment_decided"
    title_zh = "这条审批已经处理过"
    title_en = "Somebody has decided this already"


class AdjustmentOver(Conflict):
    """Nobody decided it in time; it has to be asked for anew."""

    code = "adjustment_over"
    title_zh = "这条审批已过期，请重新提交"
    title_en = "This request is over, ask again"


class OwnAdjustment(Forbidden):
    """Whoever asks does not approve."""

    code = "own_adjustment"
    title_zh = "不能审批自己提交的调整"
    title_en = "Nobody approves their own request"


class AccountTooLong(Conflict):
    """The account has more entries than are replayed while a page waits: `flask ledger verify` replays it."""

    code = "account_too_long"
    title_zh = "此账户流水太多，请用命令 flask ledger verify 核对"
    title_en = "This account is too long for a page: run flask ledger verify"
