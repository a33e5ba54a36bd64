"""Every story begins at one in the afternoon, in a shop that is open."""

import pytest
from flask import Flask

from miniprogram_api.core.clock import clock
from tests.builders import shanghai
from tests.services.wechat import Simulator

from . import shop
from .counter import Counter


@pytest.fixture
def mall(app: Flask) -> Flask:
    """The application with an earning rule and a ladder, at one in the afternoon."""
    clock.set(shanghai("2026-11-21 13:00"))
    shop.open_shop()
    return app


@pytest.fixture
def counter(mall: Flask, simulator: Simulator) -> Counter:
    """A counter that takes WeChat Pay; the module's `app_settings` are `simulator.pay_settings()`."""
    opened = Counter(mall, simulator)
    opened.open()
    return opened
