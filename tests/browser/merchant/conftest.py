"""People in the back office, and their desks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.shop import Shop

from .office import WIDE, Office, hire_the_office


@pytest.fixture
def staffed(shop: Shop) -> Shop:
    """The shop with an editor, 小周, and an owner, 王老板, beside its cashier and manager."""
    return hire_the_office(shop)


@pytest.fixture
def desk(staffed: Shop, open_page: Callable[..., Page]) -> Callable[..., Office]:
    """A desk at which somebody is signed in: `desk("zhou")`; the owner unless told otherwise."""

    def sit_down(username: str = "wang", size: tuple[int, int] = WIDE) -> Office:
        return Office(open_page(size), staffed).sign_in(username)

    return sit_down


@pytest.fixture
def office(desk: Callable[..., Office]) -> Office:
    """The owner's desk."""
    return desk()
