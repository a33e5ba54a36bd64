"""Logging in: WeChat says who it is, we find or enrol the member and open a session."""

from dataclasses import dataclass

from miniprogram_api.auth.services import SignedIn, open_session
from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.risk import arrivals, pace
from miniprogram_api.risk.arrivals import NOWHERE, EnrolmentDenied, Origin
from miniprogram_api.risk.rules import Signals
from miniprogram_api.wechat.answers import WeChatSession
from miniprogram_api.wechat.extension import wechat

from .enrolment import enrol_or_find


@dataclass(frozen=True)
class Login:
    """A login: whose, by which session, and whether it was the first."""

    member_id: int
    is_new_member: bool
    session: SignedIn


def log_in_with_code(code: str, device: str, origin: Origin = NOWHERE) -> Login:
    """Log in with a code of wx.login.

    WeChat's session key is not kept: nothing here needs it. A failure leaves nothing behind.

    :raises LoginCodeInvalid: the code is not one, expired, used, or another mini-program's.
    :raises WeChatUnavailable: WeChat does not answer.
    :raises RiskDenied: a new member, and it looks like abuse.
    """
    return log_in(wechat().code_to_session(code), device, origin)


def log_in(identity: WeChatSession, device: str, origin: Origin = NOWHERE) -> Login:
    """Log in somebody whom WeChat has already named to us. Who is a member is never turned away.

    :raises RiskDenied: a new member, and it looks like abuse.
    """
    pace.check("login_openid", f"o:{blind_index(identity.openid, 'pace')[:32]}")
    signals = arrivals.observe_login(identity.openid, origin)
    try:
        return _log_in(identity, device, signals)
    except EnrolmentDenied as refusal:
        raise refusal.told() from None


@retrying
def _log_in(identity: WeChatSession, device: str, signals: Signals) -> Login:
    with transaction():
        member, is_new = enrol_or_find(identity)
        if is_new:
            arrivals.admit(identity.openid, signals)
        return Login(member.id, is_new, open_session(member.id, device))
