"""积分流水 in a real browser: from the list to an entry, to the account, to its check."""

import pytest
from playwright.sync_api import expect

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from points_mall.ledger import posting
from points_mall.ledger.reasons import ADJUSTMENT
from points_mall.purchases.facts import Paid
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.states import TILL
from tests.browser.marks import IN_CHROMIUM
from tests.browser.shop import member

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.fixture
def number(office: Office) -> str:
    """The number of a member who got points, bought, and spent."""
    member_id = member(points=640, nickname="张爱华", phone="+8613800135991")
    record_purchase(Paid(TILL, "receipt-7", 12800, now(), member_id))
    with transaction():
        posting.debit(
            member_id,
            700,
            reason=ADJUSTMENT,
            reference="by-hand:1",
            explanation={"why": "多发的积分收回"},
            actor="staff:wang",
        )
    db.session.rollback()
    return db.session.get_one(Member, member_id).member_no


def test_an_entry_is_followed_to_its_account_by_keyboard(office: Office, number: str) -> None:
    office.open("/admin/ledger", lang="zh").looks_right("ledger-zh")
    page = office.page
    rows = page.locator("#rows tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_label("收与支").select_option("out")
    expect(rows).to_have_count(1)
    rows.get_by_role("link", name="积分调整").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("积分调整 −700")
    office.looks_right("ledger-entry-zh")
    page.get_by_role("link", name="积分账户").press("Enter")
    page.get_by_role("button", name="核对此账户").press("Enter")
    expect(page.get_by_label("核对结果")).to_contain_text("一致")
    office.looks_right("ledger-account-zh")


def test_the_books_read_in_english(office: Office, number: str) -> None:
    office.open("/admin/ledger", lang="en").looks_right("ledger-en")
    office.open(f"/admin/ledger/accounts/{number}", lang="en").looks_right("ledger-account-en")
    page = office.page
    page.locator("#entries").get_by_role("link", name="Purchase").click()
    expect(page.get_by_role("link", name="The purchase")).to_be_visible()
    office.looks_right("ledger-entry-en")
