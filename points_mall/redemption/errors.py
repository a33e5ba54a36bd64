"""What an order refuses once it is placed."""

from datetime import datetime

from miniprogram_api.core.errors import Conflict, Gone, NotFound, Unprocessable


class NoSuchOrder(NotFound):
    """There is no such order, or it is not the caller's."""

    code = "no_such_order"
    title_zh = "订单不存在"
    title_en = "There is no such order"


class NoSuchPickup(NotFound):
    """No order has this pick-up code."""

    code = "no_such_pickup"
    title_zh = "核销码无效"
    title_en = "No order has this pick-up code"


class AlreadyCollected(Conflict):
    """The order was handed over before; `collected_at` says when."""

    code = "already_collected"
    title_zh = "该核销码已使用"
    title_en = "Already collected"

    def __init__(self, collected_at: datetime) -> None:
        super().__init__("it was handed over before", collected_at=collected_at)


class StepNotAllowed(Conflict):
    """The order is not where this step begins; `order_status` says where it stands."""

    code = "order_step_not_allowed"
    title_zh = "订单当前状态不支持此操作"
    title_en = "The order's status does not allow this"

    def __init__(self, status: str) -> None:
        super().__init__(f"the order is {status}", order_status=status)


class PaymentTimeOver(Gone):
    """The cash half was not paid in time; `pay_by` says until when."""

    code = "payment_time_over"
    title_zh = "支付时间已过"
    title_en = "The time to pay is over"

    def __init__(self, pay_by: datetime) -> None:
        super().__init__("it was to be paid earlier", pay_by=pay_by)


class NotCancellable(Conflict):
    """The reward was offered without the right to cancel."""

    code = "order_not_cancellable"
    title_zh = "该商品兑换后不可取消"
    title_en = "This order cannot be cancelled"


class DeliveryNeeded(Unprocessable):
    """The reward is sent by post, and the order does not say where to."""

    code = "delivery_needed"
    title_zh = "请填写收货信息"
    title_en = "Say where to send it"
