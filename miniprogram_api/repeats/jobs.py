"""What the edge does by the calendar."""

from datetime import timedelta

from miniprogram_api.core.clock import now
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from .records import forget_before


@scheduled("idempotency.forget", cron="40 3 * * *")
def forget_answers(_payload: Payload) -> None:
    """In the small hours: delete the answers that nobody will ask for again.

    Each batch is a transaction of its own, so that nobody waits long behind it.
    """
    limit = now() - timedelta(days=settings().idempotency_keep_days)
    while forget_before(limit):
        pass
