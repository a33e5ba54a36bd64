"""The first of two steps of a sign-in, sealed: the page of the second step carries no password."""

import json
from datetime import timedelta

from miniprogram_api.core.clock import now
from miniprogram_api.core.crypto import Undecipherable, seal, unseal

from .errors import SignInRefused

GOOD_FOR = timedelta(minutes=3)
_PLACE = "staff.sign_in"


def issue(username: str, password: str) -> str:
    """What the second step brings back."""
    until = (now() + GOOD_FOR).timestamp()
    return seal(json.dumps([until, username, password]), _PLACE)


def read(ticket: str) -> tuple[str, str]:
    """User name and password of the first step.

    :raises SignInRefused: it is none of ours, or the second step took too long.
    """
    try:
        until, username, password = json.loads(unseal(ticket, _PLACE))
    except Undecipherable:
        raise SignInRefused("the first step is not known") from None
    if now().timestamp() > until:
        raise SignInRefused("the second step took too long")
    return username, password
