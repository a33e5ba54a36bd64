"""What the wallet refuses."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class InsufficientBalance(Conflict):
    """The wallet has less; the numbers say how much there is."""

    code = "insufficient_balance"
    title_zh = "余额不足"
    title_en = "Not enough in the wallet"

    def __init__(self, required_fen: int, available_fen: int) -> None:
        super().__init__(
            f"needs {required_fen} fen, has {available_fen}",
            required_fen=required_fen,
            available_fen=available_fen,
        )


class NoSuchWalletEntry(NotFound):
    """There is no entry with this reason and reference in the wallet."""

    code = "no_such_wallet_entry"


class BadWalletMovement(Unprocessable):
    """The movement cannot be: nothing, too much, a refund above the payment."""

    code = "bad_wallet_movement"
    title_zh = "余额变动不合法"
    title_en = "Not a valid movement of money"


class WalletFull(Conflict):
    """A top-up would take the principal above what a wallet may hold."""

    code = "wallet_full"
    title_zh = "储值已达上限"
    title_en = "The wallet may not hold that much"

    def __init__(self, principal_fen: int, most_fen: int) -> None:
        super().__init__(
            f"{principal_fen} fen would be in the wallet, {most_fen} may be",
            principal_fen=principal_fen,
            most_fen=most_fen,
        )


class NoSuchPlan(NotFound):
    """There is no such top-up plan, or it is not offered any more."""

    code = "no_such_wallet_plan"
    title_zh = "该储值方案不存在或已下架"
    title_en = "No such top-up plan"
