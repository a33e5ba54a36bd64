"""How long earned points live: whole days of the shop."""

from datetime import datetime, timedelta

from miniprogram_api.core import clock
from miniprogram_api.core.settings import settings


def expiry_of_points(earned_at: datetime) -> datetime | None:
    """When points earned at a moment expire: the midnight after their last whole day.

    :returns: None where points never expire (`points_valid_days` is 0).
    """
    days = settings().points_valid_days
    if days == 0:
        return None
    return clock.starts_at(clock.to_day(earned_at) + timedelta(days=days + 1))
