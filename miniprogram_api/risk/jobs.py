"""What anti-abuse does by the calendar."""

from datetime import timedelta

from miniprogram_api.core.clock import now, today
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.registry import Payload
from miniprogram_api.jobs.schedule import scheduled

from . import daily, decisions

DAY_RECORDS = timedelta(days=40)


@scheduled("risk.forget", cron="35 3 * * *")
def forget(_payload: Payload) -> None:
    """Delete daily counts and refusals that are no longer needed."""
    daily.forget_before(today() - DAY_RECORDS)
    decisions.forget_before(now() - timedelta(days=settings().risk_record_days))
