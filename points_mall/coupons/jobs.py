"""What coupons do by the calendar, and after a member has joined."""

from datetime import timedelta

from miniprogram_api.core.log import log
from miniprogram_api.jobs.registry import Payload, job
from miniprogram_api.jobs.schedule import scheduled

from . import ending, gifts, occasions, reminders, tier_gifts

_log = log(__name__)


@job(occasions.WELCOME_JOB)
def give_welcome_gift(payload: Payload) -> None:
    """A newcomer gets what new members get."""
    occasions.give_welcome(int(payload["member_id"]))


@scheduled("coupons.birthday_gifts", cron="10 0,12 * * *")
def give_birthday_gifts(_payload: Payload) -> None:
    """Early in the day, and again at noon for who has told the birthday since."""
    if count := occasions.give_birthday_gifts():
        _log.info("birthday_gifts", count=count)


@scheduled("coupons.monthly", cron="30 0 * * *")
def give_monthly_coupons(_payload: Payload) -> None:
    """Each month's coupon of the tiers; daily, for who has risen since."""
    if count := tier_gifts.give_monthly_coupons():
        _log.info("monthly_coupons", count=count)


@scheduled("coupons.expire", cron="3 0 * * *")
def expire_coupons(_payload: Payload) -> None:
    """Soon after the shop's midnight: write down what has come to its end."""
    if count := ending.expire():
        _log.info("coupons_expired", count=count)


@scheduled("coupons.close_gifts", every=timedelta(minutes=5))
def close_gifts(_payload: Payload) -> None:
    """Give coupons back that no friend has taken in time."""
    if count := gifts.close_over():
        _log.info("coupon_gifts_over", count=count)


@scheduled("coupons.remind", cron="5 10 * * *")
def remind_of_ending(_payload: Payload) -> None:
    """In the morning: tell members which coupons are about to end."""
    reminders.remind_of_ending()
