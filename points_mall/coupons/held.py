"""A coupon in somebody's hand, as rules look at it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from .states import State
from .terms import CouponTerms


@dataclass(frozen=True)
class Held:
    """One coupon with its own copy of the terms, as it was when it was read."""

    code: str
    template: str
    title_zh: str
    title_en: str
    terms: CouponTerms
    valid_from: datetime
    valid_until: datetime
    state: State = State.UNUSED

    def title(self, language: str) -> str:
        """What people call it."""
        return self.title_en if language.startswith("en") else self.title_zh
