"""A session that ends in the middle of a form: nothing that was typed is lost."""

import pytest
from playwright.sync_api import expect

from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import PASSWORD

from .office import Office

pytestmark = IN_CHROMIUM

PREVIEWED = [
    # an editor, a field of its form, what somebody types there
    ("/admin/earning/edit", "rate-points", "7"),
    ("/admin/check-in/edit", "make_up-per_month", "9"),
]


@pytest.mark.parametrize(("address", "name", "typed"), PREVIEWED)
def test_a_preview_that_finds_no_session_leads_back_to_what_was_typed(
    office: Office, address: str, name: str, typed: str
) -> None:
    page = office.open(address).page
    page.context.clear_cookies()
    page.fill(f"[name='{name}']", typed)
    comes_back(office, address, name, typed)


def test_a_form_that_is_sent_without_a_session_leads_back_to_what_was_typed(
    office: Office,
) -> None:
    page = office.open("/admin/setup/tiers").page
    page.context.clear_cookies()
    page.fill("[name=gold_entry]", "2345")
    page.press("[name=gold_entry]", "Enter")
    comes_back(office, "/admin/setup/tiers", "gold_entry", "2345")


def comes_back(office: Office, address: str, name: str, typed: str) -> None:
    """Sign in where the form was, and bring back what stood in it."""
    page = office.page
    page.fill("[name=username]", "wang")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".side-foot")).to_be_attached()
    assert page.url.startswith(f"{office.shop.address}{address}")
    page.get_by_role("button", name="恢复").click()
    expect(page.locator(f"[name='{name}']")).to_have_value(typed)
