import pytest

from tests.services.wechat import Simulator


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "LOGIN_OPENID_PER_MINUTE": 0}
