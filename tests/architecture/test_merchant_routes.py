"""Who may open which page of the merchant's and do which act; a foreign form does nothing.

The table says it once more than the guards do, so that a slip of either is seen. A new page fails here until
somebody has thought about who may open it.
"""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from miniprogram_api.staff.guards import CSRF_FIELD
from miniprogram_api.staff.sessions import csrf_of
from tests.architecture.merchant_walk import address_of, routes
from tests.office import Clerk, acts_count

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

LEAST_ROLE: dict[str, str] = {
    "catalogue_merchant.add_picture": "editor",
    "catalogue_merchant.add_variant": "editor",
    "catalogue_merchant.discard": "editor",
    "catalogue_merchant.edit": "editor",
    "catalogue_merchant.keep_draft": "editor",
    "catalogue_merchant.list_reward": "editor",
    "catalogue_merchant.new": "editor",
    "catalogue_merchant.preview": "editor",
    "catalogue_merchant.publish": "editor",
    "catalogue_merchant.reward": "editor",
    "catalogue_merchant.rewards": "editor",
    "catalogue_merchant.stock": "editor",
    "catalogue_merchant.unlist_reward": "editor",
    "checkin_merchant.compare": "editor",
    "checkin_merchant.discard": "editor",
    "checkin_merchant.edit": "editor",
    "checkin_merchant.list": "editor",
    "checkin_merchant.preview": "editor",
    "checkin_merchant.publish": "editor",
    "checkin_merchant.save_draft": "editor",
    "checkin_merchant.withdraw": "editor",
    "coupons_member_acts.ask_give": "manager",
    "coupons_member_acts.give": "manager",
    "coupons_member_acts.void": "manager",
    "earning_merchant.compare": "editor",
    "earning_merchant.discard": "editor",
    "earning_merchant.edit": "editor",
    "earning_merchant.list": "editor",
    "earning_merchant.preview": "editor",
    "earning_merchant.publish": "editor",
    "earning_merchant.save_draft": "editor",
    "earning_merchant.what_if": "editor",
    "earning_merchant.withdraw": "editor",
    "flash_sale_merchant.close": "editor",
    "flash_sale_merchant.discard": "editor",
    "flash_sale_merchant.edit": "editor",
    "flash_sale_merchant.flash_sale": "editor",
    "flash_sale_merchant.flash_sales": "editor",
    "flash_sale_merchant.keep_draft": "editor",
    "flash_sale_merchant.live": "editor",
    "flash_sale_merchant.live_items": "editor",
    "flash_sale_merchant.new": "editor",
    "flash_sale_merchant.orders": "editor",
    "flash_sale_merchant.preview": "editor",
    "flash_sale_merchant.publish": "editor",
    "flash_sale_merchant.stock": "editor",
    "lottery_merchant.close": "editor",
    "lottery_merchant.compare": "editor",
    "lottery_merchant.discard": "editor",
    "lottery_merchant.edit": "editor",
    "lottery_merchant.keep_draft": "editor",
    "lottery_merchant.new": "editor",
    "lottery_merchant.preview": "editor",
    "lottery_merchant.publish": "editor",
    "lottery_merchant.simulate": "editor",
    "lottery_merchant.wheel": "editor",
    "lottery_merchant.wheels": "editor",
    "lottery_merchant.winners": "editor",
    "merchant.assets": "public",
    "merchant_acts.acts": "manager",
    "merchant_dashboard.dashboard": "editor",
    "merchant_dashboard.panel": "editor",
    "merchant_jobs.bury": "manager",
    "merchant_jobs.job": "manager",
    "merchant_jobs.jobs": "manager",
    "merchant_jobs.retry": "manager",
    "merchant_jobs.retry_all": "manager",
    "merchant_jobs.schedule": "manager",
    "merchant_me.change_password": "cashier",
    "merchant_me.drop_second_factor": "cashier",
    "merchant_me.end_session": "cashier",
    "merchant_me.me": "cashier",
    "merchant_member_acts.ask_block": "manager",
    "merchant_member_acts.ask_erase": "owner",
    "merchant_member_acts.block": "manager",
    "merchant_member_acts.erase": "owner",
    "merchant_member_acts.export": "manager",
    "merchant_member_acts.unblock": "manager",
    "merchant_member_acts.write_note": "editor",
    "merchant_members.member": "editor",
    "merchant_members.member_tab": "editor",
    "merchant_members.members": "editor",
    "merchant_members.members_as_file": "manager",
    "merchant_risk.add_block": "manager",
    "merchant_risk.blocks": "manager",
    "merchant_risk.lift": "manager",
    "merchant_risk.lift_block": "manager",
    "merchant_risk.limits": "manager",
    "merchant_risk.refusal": "manager",
    "merchant_risk.refusals": "manager",
    "merchant_staff.add": "owner",
    "merchant_staff.ask_new": "owner",
    "merchant_staff.change": "owner",
    "merchant_staff.drop_second_factor": "owner",
    "merchant_staff.end_session": "owner",
    "merchant_staff.leave": "owner",
    "merchant_staff.people": "owner",
    "merchant_staff.person": "owner",
    "merchant_staff.person_with_number": "owner",
    "merchant_staff.reset_password": "owner",
    "merchant_staff.unlock": "owner",
    "notices_merchant.notices": "manager",
    "notices_merchant.retry": "manager",
    "orders_merchant.address": "manager",
    "orders_merchant.cancel": "manager",
    "orders_merchant.order": "editor",
    "orders_merchant.orders": "editor",
    "orders_merchant.ready": "editor",
    "orders_merchant.receive": "editor",
    "orders_merchant.ship": "editor",
    "pickups_merchant.confirm": "editor",
    "pickups_merchant.hand_over": "editor",
    "pickups_merchant.look": "editor",
    "pickups_merchant.undo": "editor",
    "points_adjusting.adjust": "manager",
    "points_adjusting.approvals": "manager",
    "points_adjusting.approve": "manager",
    "points_adjusting.ask_adjust": "manager",
    "points_adjusting.look": "manager",
    "points_adjusting.refuse": "manager",
    "points_explorer.account": "manager",
    "points_explorer.check": "manager",
    "points_explorer.entries": "manager",
    "points_explorer.entry": "manager",
    "points_explorer.of_member": "manager",
    "purchases_merchant.purchase": "editor",
    "purchases_merchant.purchases": "editor",
    "setup_checks.ask": "owner",
    "setup_checks.show": "owner",
    "setup_owner.overview": "owner",
    "setup_owner.publish_step": "owner",
    "setup_owner.show_step": "owner",
    "setup_settings.show": "owner",
    "shipments_merchant.apply": "manager",
    "shipments_merchant.export": "manager",
    "shipments_merchant.one_import": "manager",
    "shipments_merchant.slips": "manager",
    "shipments_merchant.upload": "manager",
    "shipments_merchant.waiting": "manager",
    "tiers_member_acts.ask_move": "manager",
    "tiers_member_acts.move": "manager",
    "tiers_merchant.compare": "editor",
    "tiers_merchant.discard": "editor",
    "tiers_merchant.edit": "editor",
    "tiers_merchant.list": "editor",
    "tiers_merchant.preview": "editor",
    "tiers_merchant.publish": "editor",
    "tiers_merchant.save_draft": "editor",
    "tiers_merchant.standing": "editor",
    "tiers_merchant.withdraw": "editor",
    "reports_merchant.export": "manager",
    "reports_merchant.report": "manager",
}
"""The least role that each address needs; `public`: none."""

LADDER = ("cashier", "editor", "manager", "owner")


@pytest.fixture
def app_settings() -> dict[str, object]:
    return {"PROPAGATE_EXCEPTIONS": False}  # a mistake of ours is one line of the answer


@pytest.fixture
def everybody(app: Flask) -> dict[str, Clerk]:
    return {role: Clerk(app, role) for role in LADDER}


def problem_in(answer: TestResponse) -> str:
    """The code of the problem that a page shows; empty: none."""
    found = re.search(r"/docs/problems#([a-z_]+)", answer.text)
    return found[1] if found else ""


def call(clerk: Clerk, method: str, address: str) -> TestResponse:
    """Open a page, or send an empty form of it."""
    return clerk.get(address, Accept="text/html") if method == "GET" else clerk.post(address)


def every_route(app: Flask) -> list[tuple[str, Rule, str]]:
    """Every method and address of ours, and where it is."""
    return [
        (method, rule, address_of(app, rule))
        for method in ("GET", "POST")
        for rule in routes(app, method)
    ]


def test_every_address_stands_in_the_table(app: Flask) -> None:
    there = {rule.endpoint for _method, rule, _address in every_route(app)}
    assert sorted(there - set(LEAST_ROLE)) == [], "who may open these?"
    assert sorted(set(LEAST_ROLE) - there) == [], "these are gone"


def test_every_role_opens_what_the_table_says_and_nothing_else(
    app: Flask, everybody: dict[str, Clerk]
) -> None:
    wrong = []
    for method, rule, address in every_route(app):
        least = LEAST_ROLE.get(rule.endpoint, "nobody")
        for role, clerk in everybody.items():
            answer = call(clerk, method, address)
            may = least == "public" or LADDER.index(role) >= LADDER.index(least)
            refused = answer.status_code == 403 and problem_in(answer) == "role_too_low"
            is_sent_away = 'action="/staff/sign-in"' in answer.text
            if refused == may or is_sent_away or answer.status_code >= 500:
                wrong.append(f"{role} {method} {address}: {answer.status_code}")
    assert wrong == []


def test_nobody_opens_anything_without_signing_in(app: Flask) -> None:
    stranger = app.test_client()
    for method, rule, address in every_route(app):
        if LEAST_ROLE.get(rule.endpoint) == "public":
            continue
        answer = stranger.open(address, method=method, headers={"Accept": "text/html"})
        assert answer.status_code == 401, address
        assert 'action="/staff/sign-in"' in answer.text, address


@pytest.mark.parametrize("proof", ["", "of another session", "0" * 64])
def test_no_form_is_taken_without_the_proof_of_this_session(app: Flask, proof: str) -> None:
    owner, other = Clerk(app, "owner"), Clerk(app, "owner", username="another-owner")
    sent = csrf_of(other.token) if proof == "of another session" else proof
    before = acts_count()
    for rule in routes(app, "POST"):
        address = address_of(app, rule)
        answer = owner.post(address, proof=False, **{CSRF_FIELD: sent})
        assert (answer.status_code, problem_in(answer)) == (403, "csrf_refused"), address
    assert acts_count() == before
