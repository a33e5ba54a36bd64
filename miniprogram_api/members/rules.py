"""Names, numbers and days of a member. Pure: no database, no clock, no request."""

import unicodedata
from datetime import date

from miniprogram_api.core.ids import is_numbered, numbered

NUMBER_PREFIX, NUMBER_DIGITS = "80", 13
"""A member number has 16 digits. No payment code (10–15, 25–30, 62), member code (88) or goods
barcode (8, 12, 13 digits) looks like it, and scanner guns do not stumble over letters."""

LONGEST_NICKNAME = 32
OLDEST_YEARS = 130

_JOINERS = "\u200c\u200d"  # within emoji and some scripts


def new_member_no() -> str:
    """A fresh, unguessable member number with its check digit."""
    return numbered(NUMBER_PREFIX, NUMBER_DIGITS)


def is_member_no(number: str) -> bool:
    """Whether these digits may be a member number: the right form and check digit."""
    return is_numbered(number, NUMBER_PREFIX, NUMBER_DIGITS)


def tidied_nickname(given: str) -> str | None:
    """The nickname as it is kept, or None where it cannot be one.

    Composed (NFC), without space around it, inner space collapsed. What cannot be seen, or turns the
    writing direction of its surroundings, is refused.
    """
    nickname = " ".join(unicodedata.normalize("NFC", given).split())
    visible = all(_is_visible(sign) for sign in nickname)
    has_body = any(sign not in _JOINERS and sign != " " for sign in nickname)
    return nickname if visible and has_body and len(nickname) <= LONGEST_NICKNAME else None


def _is_visible(sign: str) -> bool:
    return sign in _JOINERS or sign == " " or unicodedata.category(sign)[0] not in {"C", "Z"}


def is_birthday(day: date, today: date) -> bool:
    """Whether somebody alive today may have been born on that day."""
    return day <= today and age_on(day, today) <= OLDEST_YEARS


def age_on(birthday: date, day: date) -> int:
    """Full years lived; who was born on 29 February has the birthday on 1 March of other years."""
    return day.year - birthday.year - ((day.month, day.day) < (birthday.month, birthday.day))


def international(number: str, country_code: str) -> str:
    """The one spelling of a phone number that is sealed and indexed: `+8613800138000`."""
    return f"+{country_code}{number}"


def masked_phone(phone: str) -> str:
    """A phone number as it is shown: `138****8000`; elsewhere than in China with its `+`."""
    shown = phone.removeprefix("+86") if len(phone) == 14 else phone
    head = 3 if len(shown) >= 9 else 1
    tail = 4 if len(shown) >= 9 else 2
    return shown[:head] + "****" + shown[-tail:]
