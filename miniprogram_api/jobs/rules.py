"""How long to wait before the next attempt, and what of an error may be written down."""

import re
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

ERROR_LENGTH = 500
_PRIVATE = re.compile(
    r"""
    (?<![A-Za-z0-9])1[3-9]\d{9}(?!\d)                 # a mobile phone number
    | (?<![A-Za-z0-9_-])o[A-Za-z0-9_-]{27}(?![A-Za-z0-9_-])   # an openid or unionid
    | (?<![A-Za-z0-9_-])[A-Za-z0-9_.+/=-]{40,}        # a token, a key, a ciphertext
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Patience:
    """How often a job is tried, and how long it waits in between."""

    attempts: int = 5
    first_wait: timedelta = timedelta(seconds=5)
    longest_wait: timedelta = timedelta(hours=1)

    def is_over(self, attempts: int) -> bool:
        """Whether a job that failed for the `attempts`-th time is given up."""
        return attempts >= self.attempts


def wait_before_next(patience: Patience, attempts: int, chance: float) -> timedelta:
    """The wait after the `attempts`-th attempt: four times longer each time, spread by chance.

    :param chance: from 0 to 1; takes up to half of the wait away, so that jobs which failed
        together do not come back together.
    """
    grown_seconds = patience.first_wait.total_seconds() * 2.0 ** (2 * min(attempts - 1, 100))
    wait_seconds = min(grown_seconds, patience.longest_wait.total_seconds())
    return timedelta(seconds=wait_seconds * (1 - chance / 2))


def told(error: BaseException) -> str:
    """An error in one bounded line without personal data, for the row and the log."""
    if isinstance(error, sa.exc.SQLAlchemyError):
        # Its text shows the statement's values, which are a member's.
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        return f"{type(error).__name__}" + (f" ({state})" if state else "")
    line = " ".join(str(error).split())
    return without_private(f"{type(error).__name__}: {line}")[:ERROR_LENGTH]


def without_private(text: str) -> str:
    """A text without what looks like a phone number, an openid, a token or a ciphertext."""
    return _PRIVATE.sub("***", text)
