"""What WeChat refuses, in our words, sorted by what the caller can do about it.

A job that meets a `Retryable` tries again later, with a `UserAction` it waits for the shopper, with
a `Final` it gives up and tells an operator.
"""

from typing import ClassVar

from miniprogram_api.core.errors import (
    Conflict,
    DomainError,
    Forbidden,
    NotFound,
    SlowDown,
    Unauthorized,
    Unavailable,
    Unprocessable,
)


class WeChatError(DomainError):
    """Something between us and WeChat. The text never holds a secret, a token or a code.

    `errcode` and `rid` are WeChat's own numbers; support asks for the `rid`, so logs keep both.
    """

    errcode: int | None = None
    rid: str | None = None
    pay_code: str | None = None

    def from_wechat(self, errcode: int | None, rid: str | None) -> "WeChatError":
        """The same error, marked with WeChat's own numbers for the logs."""
        self.errcode, self.rid = errcode, rid
        return self

    def from_wechat_pay(self, pay_code: str, request_id: str | None) -> "WeChatError":
        """The same error, marked with WeChat Pay's own code and Request-ID for the logs."""
        self.pay_code, self.rid = pay_code or None, request_id
        return self


class Retryable(WeChatError):
    """The same call may succeed later."""


class UserAction(WeChatError):
    """Only the shopper can change the answer: log in again, consent, subscribe."""


class Final(WeChatError):
    """Repeating cannot help; somebody has to change the request."""


class WeChatUnavailable(Retryable, Unavailable):
    """WeChat is away, busy, slow, or answers nonsense.

    `maybe_done` tells whether WeChat may have acted all the same: a message may have been sent, a
    one-use code may be spent.
    """

    code: ClassVar[str] = "wechat_unavailable"
    title_zh = "微信服务繁忙，请稍后再试"
    title_en = "WeChat is busy, try again shortly"
    maybe_done: bool = False


class WeChatNonsense(WeChatUnavailable):
    """WeChat answered something that its own documentation does not allow."""

    maybe_done = True


class TokenRefused(WeChatUnavailable):
    """WeChat does not take our access token, not even a renewed one."""


class WeChatMisconfigured(WeChatUnavailable):
    """WeChat refuses us, not the shopper: wrong AppSecret, address not listed, API not granted.

    Retryable, because the same work succeeds once an operator has mended it.
    """


class TooManyCalls(Retryable, SlowDown):
    """WeChat's own limit for this shopper and minute is used up."""


class TooManyLogins(TooManyCalls):
    """The shopper logged in too often within a minute."""

    code = "too_many_logins"
    title_zh = "登录太频繁，请稍后再试"
    title_en = "Too many logins, try again in a minute"


class LoginCodeInvalid(UserAction, Unauthorized):
    """The login code is unknown, expired, already used, or another mini-program's."""

    code = "login_code_invalid"
    title_zh = "登录已失效，请重新进入小程序"
    title_en = "Login code invalid, log in again"


class PhoneCodeInvalid(UserAction, Unprocessable):
    """The phone code is unknown, expired, already used, or another mini-program's."""

    code = "phone_code_invalid"
    title_zh = "手机号授权已失效，请重新授权"
    title_en = "Phone authorisation expired, please authorise again"


class MessageRefused(UserAction, Conflict):
    """The shopper did not subscribe, or every accepted message has been sent."""

    code = "message_refused"
    title_zh = "用户未订阅该消息"
    title_en = "The member has not subscribed to this message"


class WeChatBlocked(Final, Forbidden):
    """WeChat blocks this shopper as high-risk."""

    code = "wechat_blocked"
    title_zh = "当前微信账号存在风险，暂时无法登录"
    title_en = "WeChat has blocked this account"


class WeChatRefused(Final, Unprocessable):
    """WeChat refuses the request itself: unknown openid or template, bad field, bad page."""

    code = "wechat_refused"
    title_zh = "微信未接受该请求"
    title_en = "WeChat did not accept the request"


class PaymentNotConfigured(Retryable, Unavailable):
    """The shop has no WeChat Pay account; nothing can be paid with it."""

    code = "payment_not_configured"
    title_zh = "本店尚未开通微信支付"
    title_en = "This shop does not take WeChat Pay yet"


class PaymentUnknown(Final, NotFound):
    """WeChat Pay knows no payment, or no refund, with this number."""

    code = "payment_unknown"
    title_zh = "微信支付没有这笔订单"
    title_en = "WeChat Pay does not know this payment"


class PaymentClosed(Final, Conflict):
    """The payment has been closed; it takes another number to pay."""

    code = "payment_closed"
    title_zh = "支付订单已关闭"
    title_en = "This payment has been closed"


class AlreadyPaid(Final, Conflict):
    """The payment has been made; ask for its state."""

    code = "already_paid"
    title_zh = "订单已支付"
    title_en = "This has been paid already"


class PaymentNumberUsed(Final, Conflict):
    """The number belongs to a payment with other facts; ask for its state."""

    code = "payment_number_used"
    title_zh = "支付单号已被使用"
    title_en = "This payment number is taken"


class NotificationRejected(WeChatError, Unauthorized):
    """What came is not provably WeChat Pay's: forged, altered, stale, a probe, or not for us.

    The answer is 401 with `answer` as its body, the form that WeChat Pay asks for; WeChat sends
    what was genuine again.
    """

    code = "notification_rejected"
    title_zh = "通知验签失败"
    title_en = "The notification cannot be verified"

    @property
    def answer(self) -> dict[str, str]:
        """The body of the answer to WeChat Pay."""
        return {"code": "FAIL", "message": self.title_zh}
