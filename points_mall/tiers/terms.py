"""What a ladder says: its tiers, what growth is counted in, how long a tier is held. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from points_mall.grants.rewards import Reward, reward_from_json

from .errors import LadderNotAllowed
from .steps import FULL_BP, Benefits, Tier

MOST_MONTHS = 120
MOST_GRACE_DAYS = 366
MOST_TIERS = 20
MOST_MULTIPLIER_BP = 100 * FULL_BP


class Basis(StrEnum):
    """What growth is counted in."""

    AMOUNT = "amount"
    PURCHASES = "purchases"
    POINTS = "points"


@dataclass(frozen=True)
class Terms:
    """A ladder, whole.

    :param basis: growth is money in fen, or the number of purchases, or the points they earned.
    :param window_months: growth counts for so many months.
    :param keep_months: a tier that was reached is held for so many months at least.
    :param grace_days: so long may a member still make up what is missing when they are over.
    :param tiers: the lowest first; a rank is a place in it.
    """

    basis: Basis
    window_months: int
    keep_months: int
    grace_days: int
    tiers: tuple[Tier, ...]

    @property
    def highest(self) -> int:
        """The rank of the top step."""
        return len(self.tiers) - 1

    def tier_of_rank(self, rank: int) -> Tier:
        """The tier of a rank; one beyond the ladder is its highest step."""
        return self.tiers[max(0, min(rank, self.highest))]

    def tier_of_code(self, code: str) -> Tier | None:
        """The tier of a code; None: there is none."""
        return next((tier for tier in self.tiers if tier.code == code), None)

    def rank_entered(self, growth: int) -> int:
        """The highest rank that so much growth in the window lifts to."""
        entered = (
            tier.rank for tier in self.tiers if tier.entry is not None and growth >= tier.entry
        )
        return max(entered, default=0)

    def is_kept(self, rank: int, growth: int) -> bool:
        """Whether so much growth in the window keeps a rank."""
        keep = self.tier_of_rank(rank).keep
        return rank == 0 or (keep is not None and growth >= keep)

    def rank_below(self, rank: int, growth: int) -> int:
        """The highest rank below `rank` that so much growth keeps."""
        return next(lower for lower in range(rank - 1, -1, -1) if self.is_kept(lower, growth))

    def as_json(self) -> dict[str, Any]:
        """As it is stored, and written by hand."""
        return {
            "basis": str(self.basis),
            "window_months": self.window_months,
            "keep_months": self.keep_months,
            "grace_days": self.grace_days,
            "tiers": [_spelt(tier) for tier in self.tiers],
        }


@dataclass(frozen=True)
class Ladder:
    """A version of the ladder, in force from a moment until the next one begins."""

    version: int
    starts_at: datetime
    terms: Terms


def terms_from_json(given: Mapping[str, Any]) -> Terms:
    """The terms that `as_json` spelt."""
    return Terms(
        Basis(given["basis"]),
        given["window_months"],
        given["keep_months"],
        given["grace_days"],
        tuple(_tier(rank, one) for rank, one in enumerate(given["tiers"])),
    )


def _spelt(tier: Tier) -> dict[str, Any]:
    return {
        "code": tier.code,
        "name_zh": tier.name_zh,
        "name_en": tier.name_en,
        "card_zh": tier.card_zh,
        "card_en": tier.card_en,
        "entry": tier.entry,
        "keep": tier.keep,
        "benefits": dict(vars(tier.benefits)),
        "upgrade_gift": [reward.as_json() for reward in tier.upgrade_gift],
    }


def _tier(rank: int, given: Mapping[str, Any]) -> Tier:
    own = {**given, "benefits": Benefits(**given["benefits"])}
    own["upgrade_gift"] = tuple(reward_from_json(one) for one in given["upgrade_gift"])
    return Tier(rank=rank, **own)


def check_terms(terms: Terms) -> None:
    """See that the parts of a ladder fit together; whether gifts can be given is not asked here.

    :raises LadderNotAllowed: they do not, and why.
    """
    for objection in _objections(terms):
        raise LadderNotAllowed(objection)


def check_follows(terms: Terms, before: Terms) -> None:
    """See that every tier there was keeps its rank: rewards, sales and members stand on ranks.

    :raises LadderNotAllowed: one is missing or has moved.
    """
    codes = [tier.code for tier in before.tiers]
    if [tier.code for tier in terms.tiers[: len(codes)]] != codes:
        raise LadderNotAllowed(
            f"tiers keep their places: first {', '.join(codes)}; new ones follow above them",
            codes=codes,
        )


def _objections(terms: Terms) -> Iterator[str]:
    if not 1 <= len(terms.tiers) <= MOST_TIERS:
        yield f"a ladder has 1 to {MOST_TIERS} tiers, not {len(terms.tiers)}"
        return
    if not 1 <= terms.window_months <= MOST_MONTHS or not 1 <= terms.keep_months <= MOST_MONTHS:
        yield f"growth counts, and a tier is held, for 1 to {MOST_MONTHS} months"
    if not 0 <= terms.grace_days <= MOST_GRACE_DAYS:
        yield f"grace is 0 to {MOST_GRACE_DAYS} days"
    if len({tier.code for tier in terms.tiers}) < len(terms.tiers):
        yield "a tier is named twice"
    if terms.tiers[0].entry != 0 or terms.tiers[0].upgrade_gift:
        yield "the lowest tier is everybody's: its entry is 0, and there is no gift for rising to it"
    yield from _threshold_objections(terms.tiers[1:])
    for tier in terms.tiers:
        yield from _benefit_objections(tier)


def _threshold_objections(tiers: tuple[Tier, ...]) -> Iterator[str]:
    entries = [tier.entry for tier in tiers if tier.entry is not None]
    if entries != sorted(set(entries)) or any(entry < 1 for entry in entries):
        yield "each tier needs more growth than the one below"
    keeps = [tier.keep for tier in tiers if tier.keep]
    if keeps != sorted(keeps) or any(keep < 0 for keep in keeps):
        yield "a higher tier is not kept by less growth than a lower one"
    for tier in tiers:
        if tier.entry is not None and (tier.keep is None or tier.keep > tier.entry):
            yield f"{tier.code}: what lifts a member there must keep one there"


def _benefit_objections(tier: Tier) -> Iterator[str]:
    if not 0 <= tier.benefits.discount_bp < FULL_BP:
        yield f"{tier.code}: a discount is 0 to {FULL_BP - 1} basis points"
    if not 0 <= tier.benefits.points_multiplier_bp <= MOST_MULTIPLIER_BP:
        yield f"{tier.code}: a multiplier is 0 to {MOST_MULTIPLIER_BP} basis points"
    named = {(reward.kind, reward.item) for reward in tier.upgrade_gift}
    if len(named) < len(tier.upgrade_gift):
        yield f"{tier.code}: its gift names the same thing twice"


def _gift(points: int) -> tuple[Reward, ...]:
    return (Reward("points", points),)


FIRST_TERMS = Terms(
    basis=Basis.AMOUNT,
    window_months=12,
    keep_months=12,
    grace_days=30,
    tiers=(
        Tier("regular", 0, "普通会员", "Regular", "银卡", "Silver card", entry=0, keep=0),
        Tier(
            "gold", 1, "高级会员", "Senior", "金卡", "Gold card",
            entry=2_000_00, keep=1_500_00,
            benefits=Benefits(200, 11_000, birthday_gift="birthday20"),
            upgrade_gift=_gift(100),
        ),
        Tier(
            "platinum", 2, "VIP会员", "VIP", "白金卡", "Platinum card",
            entry=10_000_00, keep=8_000_00,
            benefits=Benefits(
                500, 12_000, free_shipping=True,
                birthday_gift="birthday50", monthly_coupon="freeship",
            ),
            upgrade_gift=_gift(500),
        ),
        Tier(
            "diamond", 3, "至尊VIP会员", "Supreme VIP", "钻石卡", "Diamond card",
            entry=50_000_00, keep=40_000_00,
            benefits=Benefits(
                1_000, 15_000, free_shipping=True,
                birthday_gift="birthday100", monthly_coupon="monthly50",
            ),
            upgrade_gift=_gift(2_000),
        ),
    ),
)  # fmt: skip
"""The ladder of a new shop."""
