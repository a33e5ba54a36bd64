"""What the shop refuses to somebody who wants to buy, to pay or to let it be."""

from miniprogram_api.core.errors import Conflict, Unprocessable


class UnclearPurchase(Unprocessable):
    """It says in two ways what is bought, in none, or names a product twice."""

    code = "unclear_purchase"
    title_zh = "请说明购买内容"
    title_en = "Say in one way what is bought"


class AmountTooLarge(Unprocessable):
    """The bill is larger than any that the shop takes; `most_fen` says how large it may be."""

    code = "amount_too_large"
    title_zh = "金额超出上限"
    title_en = "The amount is too large"

    def __init__(self, amount_fen: int, most_fen: int) -> None:
        super().__init__(
            f"{amount_fen} fen, at most {most_fen}", amount_fen=amount_fen, most_fen=most_fen
        )


class PurchaseStepNotAllowed(Conflict):
    """The purchase is not where this step begins; `purchase_status` says where it stands."""

    code = "purchase_step_not_allowed"
    title_zh = "订单当前状态不支持此操作"
    title_en = "The purchase's status does not allow this"

    def __init__(self, status: str) -> None:
        super().__init__(f"the purchase is {status}", purchase_status=status)


class PaymentUnderWay(Conflict):
    """The order is being paid already; `purchase_no` says by which purchase: pay or cancel that."""

    code = "payment_under_way"
    title_zh = "该订单正在支付中"
    title_en = "This order is being paid already"

    def __init__(self, purchase_no: str) -> None:
        super().__init__(f"purchase {purchase_no} is to pay it", purchase_no=purchase_no)


class NoWechatIdentity(Conflict):
    """WeChat does not know the member in this mini-program, so cannot take a payment from them."""

    code = "no_wechat_identity"
    title_zh = "请先用微信登录后再支付"
    title_en = "Log in with WeChat to pay"


class NotRefundableHere(Conflict):
    """Its cash was not taken by us, so it goes back where it was paid."""

    code = "not_refundable_here"
    title_zh = "请在原支付渠道退款"
    title_en = "Refund it where it was paid"
