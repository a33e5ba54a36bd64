"""The lives of an authorisation and of a points sync, and how long WeChat is asked again. Pure."""

from datetime import timedelta
from enum import StrEnum

GIVE_UP_AFTER = timedelta(days=7)
"""A sync that WeChat never answered is left to an operator after so long."""

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)


class Authorization(StrEnum):
    """Whether a shopper lets the mall see purchases; the words are WeChat's, in lower case."""

    UNAUTHORIZED = "unauthorized"
    AUTHORIZED = "authorized"
    DEAUTHORIZED = "deauthorized"


class SyncState(StrEnum):
    """Whether WeChat knows what a purchase earned."""

    DUE = "due"
    DONE = "done"
    REFUSED = "refused"  # WeChat does not take it, or never answered; somebody must look
    ENDED = "ended"  # the account was closed first; nobody is left to tell it of


def wait_after(attempts: int) -> timedelta:
    """The wait after the `attempts`-th attempt in vain: four times longer each time, to an hour."""
    seconds = FIRST_WAIT.total_seconds() * 4.0 ** min(attempts - 1, 10)
    return min(timedelta(seconds=seconds), LONGEST_WAIT)
