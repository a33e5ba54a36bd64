"""What purchases refuse."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class NoSuchPurchase(NotFound):
    """There is no purchase with this number, or it is not the caller's."""

    code = "no_such_purchase"
    title_zh = "消费记录不存在"
    title_en = "No such purchase"


class BadPayment(Unprocessable):
    """What was told of a payment cannot be: no amount, lines that do not add up to it."""

    code = "bad_payment"
    title_zh = "支付信息不合法"
    title_en = "Not a valid payment"


class AmountDiffers(Conflict):
    """What was paid is not what was owed, or not what was told before."""

    code = "payment_amount_differs"
    title_zh = "支付金额与订单不符"
    title_en = "The amount paid is not the amount owed"

    def __init__(self, paid_fen: int, owed_fen: int) -> None:
        super().__init__(
            f"paid {paid_fen} fen, owed {owed_fen}", paid_fen=paid_fen, owed_fen=owed_fen
        )


class PayerDiffers(Conflict):
    """It was paid by another member than the one who placed it."""

    code = "payer_differs"
    title_zh = "付款人与下单会员不符"
    title_en = "Paid by somebody else"


class BadRefund(Unprocessable):
    """A refund that cannot be: nothing given back, lines that the purchase does not have."""

    code = "bad_refund"
    title_zh = "退款信息不合法"
    title_en = "Not a valid refund"


class RefundTooLarge(Conflict):
    """More would be given back than was paid and is left; nothing moved."""

    code = "refund_too_large"
    title_zh = "退款金额超过可退金额"
    title_en = "More than is left to refund"

    def __init__(self, refund_fen: int, refundable_fen: int) -> None:
        super().__init__(
            f"{refund_fen} fen are more than the {refundable_fen} that are left",
            refund_fen=refund_fen,
            refundable_fen=refundable_fen,
        )
