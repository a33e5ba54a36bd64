"""What the ledger refuses."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


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
