"""Work about members that happens later."""

from miniprogram_api.auth.services import forget_old_sessions
from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled

from .consents import forget_old_consents
from .services import CHECK_NICKNAME, recheck_nickname

_log = log(__name__)


@job(CHECK_NICKNAME)
def check_nickname(payload: Payload) -> None:
    """Check a nickname that WeChat could not check when it was given."""
    recheck_nickname(int(payload["member_id"]))


@scheduled("members.retention", cron="25 4 * * *")
def keep_retention(_payload: Payload) -> None:
    """Delete the records whose time is over: of old sessions, and of long-closed accounts.

    Each batch is a transaction of its own, so that nobody waits long behind it.
    """
    for forget in (forget_old_sessions, forget_old_consents):
        total = 0
        while count := forget():
            total += count
        _log.info("records_forgotten", what=forget.__name__, count=total)
