"""Coupons as a grant: what a wheel, a check-in or a tier's rule promises, `item` naming the template."""

from collections.abc import Sequence

from miniprogram_api.core.clock import in_shop_time, today
from miniprogram_api.core.errors import DomainError
from points_mall.grants.errors import RewardNotAllowed
from points_mall.grants.kinds import Grant, Granted, GrantKind, Item, check_amount
from points_mall.grants.rewards import Reward

from .issuing import MOST_AT_ONCE, Issue, Issued, issue
from .templates import all_templates, templates_with

COUPON = "coupon"


def give_coupons(grants: Sequence[Grant]) -> list[Granted]:
    """Issue each grant's number of coupons; limits and audience are the rule's own affair."""
    issues = [
        Issue(
            grant.member_id,
            grant.item or "",
            grant.reason.code,
            grant.reference,
            grant.amount,
            is_limited=False,
            valid_until=grant.expires_at,
            facts=grant.explanation,
        )
        for grant in grants
    ]
    answers = zip(grants, issue(issues), strict=True)
    return [_granted(grant, answer) for grant, answer in answers]


def _granted(grant: Grant, answer: Issued | DomainError) -> Granted:
    if isinstance(answer, DomainError):
        raise answer  # a promised coupon is never refused; whatever this is must end it all
    return Granted(
        {
            "amount": grant.amount,
            "title": answer.template.title_zh,
            "expires_at": in_shop_time(answer.valid_until).isoformat(),
        }
    )


def _check(reward: Reward) -> None:
    check_amount(Reward(reward.kind, reward.amount), MOST_AT_ONCE)
    template = templates_with([reward.item or ""]).get(reward.item or "")
    if template is None:
        raise RewardNotAllowed(
            f"no coupon template {reward.item!r}: name one in `item`", kind=COUPON
        )
    if template.terms.validity.is_over(today()):
        raise RewardNotAllowed(f"coupon template {template.code} is over", kind=COUPON)


def _items() -> list[Item]:
    """The templates of which coupons can still be used, the newest first."""
    return [
        Item(one.code, one.title_zh, one.title_en)
        for one in all_templates()
        if not one.terms.validity.is_over(today())
    ]


COUPONS = GrantKind(COUPON, "优惠券", "Coupon", give_coupons, _check, _items)
