"""The one client of WeChat Pay: wechatpayv3, with its known illnesses cured.

From the wire up: `pay_core` signs and verifies, `pay_road` asks, `pay_answers` reads, `pay_circle`
has the business circle's calls. Any number of threads may use one client.
"""

import secrets
from datetime import datetime
from urllib.parse import quote

from miniprogram_api.core.clock import true_time

from . import pay_answers as answers
from .errors import WeChatNonsense
from .pay_answers import Notification, PaymentState, RefundState
from .pay_circle import BusinessCircle
from .pay_core import Headers, PayKeys
from .pay_road import SignedRoad
from .tokens import RedisFactory, no_redis
from .transport import WECHAT_PAY

JSAPI = "/v3/pay/transactions/jsapi"
BY_OUR_NUMBER = "/v3/pay/transactions/out-trade-no/"
REFUNDS = "/v3/refund/domestic/refunds"

LONGEST_DESCRIPTION, LONGEST_REASON = 127, 80


class PayClient(BusinessCircle):
    """WeChat Pay as our features see it; see `errors` for what its methods raise.

    A `WeChatUnavailable` with `maybe_done` means that the outcome is not known: ask with `query`
    or `query_refund`, or repeat with the very same numbers. Never take another number.

    :param notify_base: the shop's own address on the internet, for `notify_url`.
    :param redis: gives the Redis in which failures are counted; without one they are not.
    """

    def __init__(
        self,
        appid: str,
        keys: PayKeys,
        *,
        base_url: str = WECHAT_PAY,
        notify_base: str = "",
        redis: RedisFactory = no_redis,
        timeout: tuple[float, float] = (3.0, 8.0),
        pool_size: int = 32,
    ) -> None:
        self.appid, self.mchid = appid, keys.mchid
        self._notify_base = notify_base.rstrip("/")
        self._road = SignedRoad(
            keys, base_url=base_url, timeout=timeout, pool_size=pool_size, redis=redis
        )

    def prepay(
        self,
        *,
        out_trade_no: str,
        description: str,
        amount_fen: int,
        openid: str,
        expires_at: datetime,
        notify_url: str,
        attach: str = "",
    ) -> str:
        """Let a shopper pay: the `prepay_id`, good for two hours.

        A repeat with the same facts gives the same payment, perhaps with a new `prepay_id`.

        :raises PaymentNumberUsed: `out_trade_no` belongs to a payment with other facts.
        :raises AlreadyPaid: it has been paid.
        :raises PaymentClosed: it has been closed.
        """
        body = {
            "appid": self.appid,
            "mchid": self.mchid,
            "description": description[:LONGEST_DESCRIPTION],
            "out_trade_no": out_trade_no,
            "time_expire": answers.written(expires_at),
            "notify_url": notify_url,
            "amount": {"total": amount_fen, "currency": "CNY"},
            "payer": {"openid": openid},
        }
        if attach:
            body["attach"] = attach
        return answers.text_in(self._road.post("prepay", JSAPI, body), "prepay_id")

    def sign_for_client(self, prepay_id: str) -> dict[str, str]:
        """What `wx.requestPayment` takes; signed afresh each time it is shown."""
        package = f"prepay_id={prepay_id}"
        stamp, nonce = str(int(true_time().timestamp())), secrets.token_hex(16)
        return {
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._road.signature(self.appid, stamp, nonce, package),
        }

    def query(self, out_trade_no: str) -> PaymentState:
        """How a payment stands.

        :raises PaymentUnknown: WeChat never heard of it.
        """
        path = f"{BY_OUR_NUMBER}{quote(out_trade_no, safe='')}?mchid={quote(self.mchid, safe='')}"
        state = answers.payment_of(self._road.get("query", path))
        if state.out_trade_no != out_trade_no:
            raise WeChatNonsense("another payment came than was asked for")
        return state

    def close(self, out_trade_no: str) -> None:
        """Let nobody pay this any more. A repeat changes nothing.

        :raises AlreadyPaid: somebody has.
        """
        path = f"{BY_OUR_NUMBER}{quote(out_trade_no, safe='')}/close"
        self._road.post("close", path, {"mchid": self.mchid})

    def refund(
        self,
        *,
        out_trade_no: str,
        out_refund_no: str,
        refund_fen: int,
        total_fen: int,
        reason: str,
        notify_url: str,
    ) -> RefundState:
        """Ask for a refund. `PROCESSING` is the usual answer; a notification tells the end.

        A repeat with the same `out_refund_no` never pays twice.
        """
        body = {
            "out_trade_no": out_trade_no,
            "out_refund_no": out_refund_no,
            "notify_url": notify_url,
            "amount": {"refund": refund_fen, "total": total_fen, "currency": "CNY"},
        }
        if reason:
            body["reason"] = reason[:LONGEST_REASON]
        return answers.refund_of(self._road.post("refund", REFUNDS, body))

    def query_refund(self, out_refund_no: str) -> RefundState:
        """How a refund stands.

        :raises PaymentUnknown: WeChat never heard of it.
        """
        path = f"{REFUNDS}/{quote(out_refund_no, safe='')}"
        return answers.refund_of(self._road.get("query_refund", path))

    def read_notification(self, headers: Headers, raw_body: bytes) -> Notification:
        """What a request to one of our notification addresses says.

        :param headers: the request's, looked up without regard to case.
        :raises NotificationRejected: it is not provably WeChat's, or not of this minute.
        """
        return self._road.open_notification(headers, raw_body)

    def notify_url(self, path: str) -> str:
        """The address at which WeChat reaches `path` of ours."""
        return self._notify_base + path
