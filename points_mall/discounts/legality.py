"""Which coupons are taken together, and what their presence sets aside. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from points_mall.coupons.held import Held

from .plans import Plan
from .reasons import Reason


@dataclass(frozen=True)
class Mode:
    """Whether the tier discount and the shop's offers count on a bill with certain coupons."""

    has_tier_discount: bool = True
    has_offers: bool = True

    def suits(self, coupon: Held) -> bool:
        """Whether a coupon may be on a bill in this mode at all."""
        stacking = coupon.terms.stacking
        with_tier = stacking.with_tier_discount or not self.has_tier_discount
        return with_tier and (stacking.with_offers or not self.has_offers)


def mode_of(coupons: Sequence[Held]) -> Mode:
    """A coupon that does not stand beside the tier discount, or the offers, takes their place."""
    stackings = [coupon.terms.stacking for coupon in coupons]
    return Mode(
        all(one.with_tier_discount for one in stackings), all(one.with_offers for one in stackings)
    )


@dataclass(frozen=True)
class Company:
    """Coupons that stand together on a bill, and what another one must meet to join them.

    Coupons of one template ask for their thresholds one after the other: two of 满100 need 200.

    :param by_template: how many there are, the most that all of them allow, what they ask for.
    """

    coupons: tuple[Held, ...] = ()
    by_template: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    takes_others: bool = True

    def refusal(self, plan: Plan, before_coupons: Sequence[int]) -> Reason | None:
        """Why a coupon cannot join; None: it can."""
        template, terms = plan.coupon.template, plan.coupon.terms
        stacking = terms.stacking
        has_others = len(self.by_template) > (template in self.by_template)
        if has_others and not (self.takes_others and stacking.with_others):
            return Reason("not_stackable")
        count, most, asked = self.by_template.get(template, (0, stacking.itself, 0))
        if count >= min(most, stacking.itself):
            return Reason("too_many_of_it", {"most": min(most, stacking.itself)})
        if not terms.threshold_fen:
            return None
        missing = asked + terms.threshold_fen - plan.reached(before_coupons)
        return Reason("threshold_not_met", {"missing_fen": missing}) if missing > 0 else None

    def joined_by(self, coupon: Held) -> "Company":
        """The same with one more."""
        stacking = coupon.terms.stacking
        count, most, asked = self.by_template.get(coupon.template, (0, stacking.itself, 0))
        mine = count + 1, min(most, stacking.itself), asked + coupon.terms.threshold_fen
        return Company(
            (*self.coupons, coupon),
            {**self.by_template, coupon.template: mine},
            self.takes_others and stacking.with_others,
        )


def not_combinable(
    plans: Sequence[Plan], before_coupons: Sequence[int]
) -> tuple[Held, Reason] | None:
    """The first coupon that does not go with those before it, and why; None: all go together."""
    company = Company()
    for plan in plans:
        if (reason := company.refusal(plan, before_coupons)) is not None:
            return plan.coupon, reason
        company = company.joined_by(plan.coupon)
    return None
