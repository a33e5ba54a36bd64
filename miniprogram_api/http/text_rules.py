"""Which text we take from people, as a rule for programs: the same one checks and documents.

Control characters, line separators and characters that reverse the reading direction are refused:
they have no place in a name, and can make one line of a log look like two. Emoji and their joiners
stay.
"""

import re
import unicodedata

REFUSED = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff"
BLANK = r" \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"

_REFUSED = re.compile(f"[{REFUSED}]")


def pattern(min_length: int) -> str:
    """The rule as a pattern that Python and JavaScript read alike.

    `min_length` counts what is left when blanks at both ends are gone.
    """
    anything, visible = f"[^{REFUSED}]", f"[^{REFUSED}{BLANK}]"
    if min_length == 0:
        return f"^{anything}*$"
    if min_length == 1:
        return f"^{anything}*{visible}{anything}*$"
    return f"^{anything}*{visible}{anything}{{{min_length - 2},}}{visible}{anything}*$"


def has_refused(text: str) -> bool:
    """Whether a character is in it that we do not take."""
    return _REFUSED.search(text) is not None


def tidy(text: str) -> str:
    """The one spelling that we keep: composed (NFC), without blanks at the ends."""
    return unicodedata.normalize("NFC", text).strip()
