"""Pick-up codes: digits that nobody guesses, and that a slip of the tongue breaks. Pure."""

from miniprogram_api.core.ids import is_numbered, numbered

PREFIX, RANDOM_DIGITS = "6", 14


def new_code() -> str:
    """A fresh code: a 6, fourteen random digits, a check digit."""
    return numbered(PREFIX, RANDOM_DIGITS)


def is_code(text: str) -> bool:
    """Whether it could be one of ours; a forgery without the check digit asks no database."""
    return is_numbered(text, PREFIX, RANDOM_DIGITS)
