"""The ladder of tiers. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """A step of the ladder; whoever stands on a rank may do what lower ranks may."""

    code: str
    rank: int
    name_zh: str
    name_en: str
    card_zh: str
    card_en: str

    def name(self, language: str) -> str:
        """What people call it."""
        return self.name_en if language.startswith("en") else self.name_zh


LADDER = (
    Tier("regular", 0, "普通会员", "Regular", "银卡", "Silver card"),
    Tier("gold", 1, "高级会员", "Senior", "金卡", "Gold card"),
    Tier("platinum", 2, "VIP会员", "VIP", "白金卡", "Platinum card"),
    Tier("diamond", 3, "至尊VIP会员", "Supreme VIP", "钻石卡", "Diamond card"),
)
"""Every tier, the lowest first; a rank is its place."""

REGULAR = LADDER[0]
HIGHEST = LADDER[-1].rank


def tier_of_rank(rank: int) -> Tier:
    """The tier of a rank; one beyond the ladder is its highest step."""
    return LADDER[max(0, min(rank, HIGHEST))]


def tier_of_code(code: str) -> Tier | None:
    """The tier of a code; None: there is none."""
    return next((tier for tier in LADDER if tier.code == code), None)
