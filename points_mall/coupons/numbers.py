"""Numbers of coupons: digits that nobody guesses, and that a slip of the tongue breaks. Pure."""

from miniprogram_api.core.ids import is_numbered, numbered

PREFIX, RANDOM_DIGITS = "87", 15
"""18 digits like a member code, which begins with 88; no payment code and no barcode looks like it."""


def new_number() -> str:
    """A fresh number: 87, fifteen random digits, a check digit."""
    return numbered(PREFIX, RANDOM_DIGITS)


def is_number(text: str) -> bool:
    """Whether it could be one of ours; a forgery without the check digit asks no database."""
    return is_numbered(text, PREFIX, RANDOM_DIGITS)
