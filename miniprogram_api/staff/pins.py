"""PINs: six digits that open a till's page which has locked itself, and by which a manager signs there.

They sign nobody in. Wrong ones count with the wrong passwords, so that the same lock keeps both.
"""

import re

from .errors import PinTooWeak

PATTERN = r"^[0-9]{6}$"
_FORM = re.compile(PATTERN)
_RUNS = "01234567890", "09876543210"


def is_pin(typed: str) -> bool:
    """Whether what was typed is a PIN; no password is as short."""
    return _FORM.fullmatch(typed) is not None


def check_strength(pin: str) -> None:
    """Refuse what is guessed first: runs, and one to three digits over and over.

    :raises PinTooWeak: it is one of those, or not of six digits.
    """
    if not is_pin(pin):
        raise PinTooWeak("six digits")
    repeats = any(pin == pin[:length] * (6 // length) for length in (1, 2, 3))
    if repeats or any(pin in run for run in _RUNS):
        raise PinTooWeak("one of those that are guessed first")
