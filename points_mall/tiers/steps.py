"""A step of the ladder, and what it gives to whoever stands on it. Pure."""

from dataclasses import dataclass

from points_mall.grants.rewards import Reward

FULL_BP = 10_000
"""A whole, in basis points."""


@dataclass(frozen=True)
class Benefits:
    """What members of a tier enjoy; pricing and earning read it.

    :param discount_bp: what is taken off a bill, in basis points.
    :param points_multiplier_bp: how much more points a purchase earns; 10000 is ×1.
    :param birthday_gift: what is given on the birthday: the code of a coupon's template; empty: nothing.
    :param monthly_coupon: what is given each month, by the code of its template; empty: nothing.
    """

    discount_bp: int = 0
    points_multiplier_bp: int = FULL_BP
    free_shipping: bool = False
    birthday_gift: str = ""
    monthly_coupon: str = ""


@dataclass(frozen=True)
class Tier:
    """A step of the ladder; whoever stands on a rank may do what lower ranks may.

    :param entry: growth in the window that lifts a member here; None: only by hand.
    :param keep: growth in the window that keeps a member here when the held time is over; 0: for
        ever; None: no growth does.
    :param upgrade_gift: what is given to who rises here, once.
    """

    code: str
    rank: int
    name_zh: str
    name_en: str
    card_zh: str
    card_en: str
    entry: int | None = None
    keep: int | None = None
    benefits: Benefits = Benefits()
    upgrade_gift: tuple[Reward, ...] = ()

    def name(self, language: str) -> str:
        """What people call it."""
        return self.name_en if language.startswith("en") else self.name_zh

    def card(self, language: str) -> str:
        """What people call its card."""
        return self.card_en if language.startswith("en") else self.card_zh
