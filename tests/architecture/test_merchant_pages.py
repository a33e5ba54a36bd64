"""Every page of the merchant's can be reached, is guarded by the policy, and shows what people typed as text."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from miniprogram_api.http.manners import PAGE_POLICY
from miniprogram_api.merchant.navigation import doors_for
from tests.architecture.merchant_walk import (
    MALICE,
    Walk,
    fill_with_malice,
    routes,
    walk,
)
from tests.full_shop import open_full_shop
from tests.office import Clerk

OpenMall = Callable[..., AbstractContextManager[Flask]]

NOT_BY_LINKS = {
    "merchant.assets",  # styles and modules
    "setup_owner.show_step",  # offered until the first rule is published, which here all are
}
MALICE_SEEN_ON = {
    "merchant_members.members",
    "merchant_members.member",
    "merchant_staff.people",
    "merchant_acts.acts",
    "points_adjusting.approvals",
    "lottery_merchant.wheels",
    "lottery_merchant.wheel",
    "lottery_merchant.edit",
    "checkin_merchant.list",
    "earning_merchant.edit",
    "tiers_merchant.edit",
    "merchant_risk.blocks",
    "catalogue_merchant.rewards",
    "catalogue_merchant.edit",
    "flash_sale_merchant.flash_sales",
    "flash_sale_merchant.edit",
    "orders_merchant.order",
    "purchases_merchant.purchase",
}
"""Where a name that somebody typed is known to stand: proof that the malice reached the pages."""


def doors() -> list[str]:
    return [door.href for _group, part in doors_for("owner") for door in part]


@pytest.fixture(scope="module")
def strolled(open_mall: OpenMall) -> Walk:
    """Every page of a full shop, as its owner finds them."""
    with open_mall() as app:
        open_full_shop(app)
        return walk(app, Clerk(app, "owner"), doors())


@pytest.fixture(scope="module")
def spoilt(open_mall: OpenMall) -> Walk:
    """The same where every name is a script."""
    with open_mall() as app:
        open_full_shop(app)
        assert fill_with_malice(app) > 500
        return walk(app, Clerk(app, "owner"), doors())


def test_every_page_can_be_reached_from_a_door_and_none_is_broken(
    mall: Flask, strolled: Walk
) -> None:
    pages = {rule.endpoint for rule in routes(mall, "GET")} - NOT_BY_LINKS
    assert strolled.broken == []
    assert sorted(pages - strolled.reached) == []


def test_every_page_says_what_may_run_on_it(strolled: Walk) -> None:
    assert len(strolled.pages) > 50
    lax = [
        page.address
        for page in strolled.pages
        if page.headers.get("Content-Security-Policy") != PAGE_POLICY
    ]
    assert lax == []


def test_nothing_on_a_page_asks_for_more_than_the_policy_allows(strolled: Walk) -> None:
    offences = [
        f"{page.address}: <{tag} {name}>"
        for page in strolled.pages
        for tag, attributes in page.elements
        for name in attributes
        if name == "style" or name.startswith(("on", "hx-on"))
    ]
    offences += [
        f"{page.address}: <{tag}>"
        for page in strolled.pages
        for tag, attributes in page.elements
        if tag == "style" or (tag == "script" and not attributes.get("src"))
    ]
    assert offences == []


def test_a_script_in_any_name_is_shown_as_text_on_every_page(spoilt: Walk) -> None:
    assert spoilt.broken == []
    cut = [
        f"{page.address}: {word[:80]}"
        for page in spoilt.pages
        for word in page.words()
        if "alert(1)" in word and MALICE not in word
    ]
    assert cut == [], "an attribute or a text was broken out of, or lost a part"
    ran = [
        page.address
        for page in spoilt.pages
        for tag, attributes in page.elements
        if tag == "script" and not attributes.get("src")
    ]
    assert ran == []


def test_the_scripts_have_reached_the_pages(spoilt: Walk) -> None:
    shown = {page.endpoint for page in spoilt.pages if any(MALICE in word for word in page.words())}
    assert sorted(MALICE_SEEN_ON - shown) == []
