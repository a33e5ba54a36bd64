"""Threshold offers of the shop (满减): the higher the bill, the more comes off. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from points_mall.coupons.terms import Scope

from .errors import OfferNotAllowed


@dataclass(frozen=True)
class ThresholdOffer:
    """From each threshold on, so much comes off the lines in scope; the highest reached counts.

    :param levels: (threshold_fen, off_fen), thresholds and amounts both rising.
    :param repeats: the offer has one level, and it counts as often as it is reached (每满减).
    """

    code: str
    title_zh: str
    title_en: str
    levels: tuple[tuple[int, int], ...]
    scope: Scope = field(default_factory=Scope)
    repeats: bool = False

    def __post_init__(self) -> None:
        for objection in self._objections():
            raise OfferNotAllowed(objection)

    def off(self, reached_fen: int) -> int:
        """What comes off, where the lines in scope come to so much."""
        if self.repeats:
            threshold, off = self.levels[0]
            return reached_fen // threshold * off
        return max((off for threshold, off in self.levels if reached_fen >= threshold), default=0)

    def is_taken(self, store: str | None, channel: str) -> bool:
        """Whether it counts in that store and channel."""
        stores, channels = self.scope.stores, self.scope.channels
        return (not stores or store in stores) and (not channels or channel in channels)

    def _objections(self) -> Iterator[str]:
        if not self.levels:
            yield "an offer has at least one level"
        if any(not 0 < off <= threshold for threshold, off in self.levels):
            yield "a level takes something off, and never more than its threshold"
        rising = all(
            lower[0] < upper[0] and lower[1] < upper[1]
            for lower, upper in zip(self.levels, self.levels[1:], strict=False)
        )
        if not rising:
            yield "levels rise: the higher the threshold, the more comes off"
        if self.repeats and len(self.levels) != 1:
            yield "an offer that repeats has one level"
