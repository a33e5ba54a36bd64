"""The demo's coupons, and what the shop's first ladder promises of them."""

from datetime import date

from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from points_mall.coupons import demo, occasions, tier_gifts
from points_mall.coupons.templates import all_templates
from points_mall.tiers.growing import Growth, grow
from points_mall.tiers.terms import FIRST_TERMS

from .conftest import coupons_of, enrol


class Quiet:
    """A demo that shows no progress."""

    def expect(self, _count: int) -> None: ...

    def advance(self) -> None: ...


def test_the_ladder_promises_what_the_demo_has(app: Flask) -> None:
    demo.seed(Quiet())  # type: ignore[arg-type]
    known = {template.code for template in all_templates()}
    promised = {tier.benefits.birthday_gift for tier in FIRST_TERMS.tiers}
    promised |= {tier.benefits.monthly_coupon for tier in FIRST_TERMS.tiers}
    assert promised - {""} == {"birthday20", "birthday50", "birthday100", "freeship", "monthly50"}
    assert promised - {""} <= known


def test_members_of_every_tier_get_what_it_promises(app: Flask) -> None:
    demo.seed(Quiet())  # type: ignore[arg-type]
    members = enrol(4, birthday=date(1990, 11, 21))
    bought = (0, 2_000_00, 10_000_00, 50_000_00)
    with transaction():
        grow(
            [
                Growth(member, fen, 1, 0, now(), f"test:{member}")
                for member, fen in zip(members, bought, strict=True)
                if fen
            ]
        )
    tier_gifts.give_monthly_coupons()
    occasions.give_birthday_gifts()
    tier_gifts.give_monthly_coupons()
    occasions.give_birthday_gifts()
    titles = [sorted(coupon.title_zh for coupon in coupons_of(member)) for member in members]
    assert titles == [
        ["生日88折券"],
        ["生日88折券", "生日满100减20券"],
        ["包邮券", "生日88折券", "生日满100减50券"],
        ["每月满200减50券", "生日88折券", "生日满200减100券"],
    ]
