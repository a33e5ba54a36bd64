"""总览 in a real browser."""

import pytest

from tests.browser.marks import IN_CHROMIUM

from .office import Office

pytestmark = IN_CHROMIUM


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_dashboard_looks_right(office: Office, lang: str) -> None:
    office.open("/admin", lang=lang).looks_right(f"dashboard-{lang}")
