"""The coupons with which a member pays least, found exactly. Pure.

For each mode (with or without the tier discount and the shop's offers) the coupons are decided one after
the other in the order in which they are applied; a branch that cannot come below the best found so far
(`bounds`) is cut. Equal coupons of one template stand for each other: those that end first are taken
first. Of the best set, what takes nothing off is left in the member's hand.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from points_mall.coupons.held import Held

from .bill import Bill, Left, Priced
from .bounds import least, slacks
from .legality import Company, Mode, mode_of, not_combinable
from .plans import Plan, plan_of
from .pricing import Shop, before_coupons, in_order, price, with_coupons
from .reasons import Reason
from .taking import take
from .usable import refusal

MOST_STEPS = 8000
"""How many coupons may be looked at while proving, in all modes together; see `Best.is_proven`."""


@dataclass(frozen=True)
class Best:
    """The coupons that serve the member best, and why the others are not among them.

    :param at_most_fen_dearer: 0: no legal set is cheaper, and that is proven. Above: the search was
        cut short, and a set that is cheaper by at most so much may exist.
    """

    codes: tuple[str, ...]
    priced: Priced
    others: dict[str, Reason]
    at_most_fen_dearer: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether no legal set is cheaper."""
        return self.at_most_fen_dearer == 0


def best_combination(bill: Bill, coupons: Sequence[Held], shop: Shop | None = None) -> Best:
    """Find the set of coupons with which the bill comes to least."""
    shop = shop or Shop()
    plans = in_order(plan_of(coupon, bill) for coupon in coupons)
    modes = _modes(coupons)
    search = _Search(price(bill, (), shop).payable_fen, MOST_STEPS // len(modes))
    for mode in modes:
        before, _steps = before_coupons(bill, mode, shop)
        search.explore_mode(mode, before, _worth_deciding(bill, mode, before, plans))
    chosen = _without_idle(bill, search, plans, shop)
    priced = price(bill, [plan.coupon for plan in chosen], shop)
    codes = tuple(plan.coupon.code for plan in chosen)
    others = _others(bill, plans, chosen, shop)
    return Best(codes, priced, others, search.dearer_fen)


@dataclass
class _Search:
    """The best set found so far, and the decisions of the mode that is being explored."""

    payable_fen: int
    most_steps: int
    best: tuple[Held, ...] = ()
    steps: int = 0
    dearer_fen: int = 0
    mode: Mode = field(default_factory=Mode)
    before: tuple[int, ...] = ()
    plans: Sequence[Plan] = ()
    sorts: Sequence[int] = ()
    slack: Sequence[float] = ()

    def explore_mode(self, mode: Mode, before: Left, plans: Sequence[Plan]) -> None:
        """Decide the coupons that are worth it in one mode."""
        self.mode, self.before, self.plans, self.steps = mode, before.lines, plans, 0
        kinds: dict[object, int] = {}
        self.sorts = [kinds.setdefault(_sort(plan), len(kinds)) for plan in plans]
        self.slack = slacks(plans)
        self._explore(before, Company(), list(range(len(plans))), None)

    def _explore(
        self, left: Left, company: Company, places: Sequence[int], floor: int | None
    ) -> None:
        """Decide the first of `places`, then the rest.

        :param floor: what every set from here on comes to at least, where that is known already.
        """
        self._note(left, company)
        if not places:
            return
        if floor is None:
            rest = [self.plans[place] for place in places]
            self.steps += len(rest)
            floor = least(left, rest, self.slack[places[0]])
        if floor >= self.payable_fen:
            return
        if self.steps > self.most_steps:
            self.dearer_fen = max(self.dearer_fen, self.payable_fen - floor)
            return
        place, later = places[0], places[1:]
        after, _step = take(left, self.plans[place])
        joined = company.joined_by(self.plans[place].coupon)
        addable = [one for one in later if joined.refusal(self.plans[one], self.before) is None]
        self._explore(after, joined, addable, floor if len(addable) == len(later) else None)
        # Who passes a coupon passes its equals: they would only stand in its place.
        without = [one for one in later if self.sorts[one] != self.sorts[place]]
        self._explore(left, company, without, None)

    def _note(self, left: Left, company: Company) -> None:
        payable = sum(left.lines) + left.shipping
        if payable < self.payable_fen and mode_of(company.coupons) == self.mode:
            self.payable_fen, self.best = payable, company.coupons


def _modes(coupons: Sequence[Held]) -> list[Mode]:
    """The modes that can occur, with everything the shop gives first."""
    stackings = [coupon.terms.stacking for coupon in coupons]
    tier = [True] if all(one.with_tier_discount for one in stackings) else [True, False]
    offers = [True] if all(one.with_offers for one in stackings) else [True, False]
    return [Mode(*one) for one in product(tier, offers)]


def _worth_deciding(bill: Bill, mode: Mode, before: Left, plans: Sequence[Plan]) -> list[Plan]:
    """The usable coupons of a mode, in order; of equal ones no more than may be on the bill, first
    to end first.
    """
    groups: dict[object, list[Plan]] = defaultdict(list)
    for plan in plans:
        if mode.suits(plan.coupon) and refusal(plan, bill, before) is None:
            groups[_sort(plan)].append(plan)
    found = []
    for group in groups.values():
        terms = group[0].coupon.terms
        most = terms.stacking.itself
        if terms.threshold_fen:
            most = min(most, group[0].reached(before.lines) // terms.threshold_fen)
        found += sorted(group, key=_ends)[:most]
    return in_order(found)


def _without_idle(bill: Bill, search: _Search, plans: Sequence[Plan], shop: Shop) -> list[Plan]:
    """Leave out, the last to end first, every coupon without which the bill comes to the same."""
    chosen = {coupon.code for coupon in search.best}
    kept = [plan for plan in plans if plan.coupon.code in chosen]
    for plan in sorted(kept, key=_ends, reverse=True):
        fewer = [one for one in kept if one is not plan]
        if _comes_to(bill, fewer, shop) == search.payable_fen:
            kept = fewer
    return kept


def _comes_to(bill: Bill, plans: Sequence[Plan], shop: Shop) -> int | None:
    """What a bill comes to with these coupons, in order; None: they are not taken so."""
    before, steps = before_coupons(bill, mode_of([plan.coupon for plan in plans]), shop)
    if any(refusal(plan, bill, before) for plan in plans):
        return None
    if not_combinable(plans, before.lines) is not None:
        return None
    return with_coupons(bill, before, steps, plans).payable_fen


def _others(
    bill: Bill, plans: Sequence[Plan], chosen: Sequence[Plan], shop: Shop
) -> dict[str, Reason]:
    """Why each coupon that was not chosen was not."""
    before, company = {}, Company()
    for plan in chosen:
        company = company.joined_by(plan.coupon)
    mine = {coupon.code for coupon in company.coupons}
    reasons = {}
    for plan in plans:
        if plan.coupon.code in mine:
            continue
        mode = mode_of([plan.coupon])
        if mode not in before:
            before[mode] = before_coupons(bill, mode, shop)[0]
        alone = refusal(plan, bill, before[mode])
        together = company.refusal(plan, before[mode].lines)
        reasons[plan.coupon.code] = alone or together or Reason("better_without")
    return reasons


def _sort(plan: Plan) -> tuple[str, object]:
    """What coupons have in common that stand for each other."""
    return plan.coupon.template, plan.coupon.terms


def _ends(plan: Plan) -> tuple[float, str]:
    return plan.coupon.valid_until.timestamp(), plan.coupon.code
