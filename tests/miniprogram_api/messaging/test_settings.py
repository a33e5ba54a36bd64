import pytest

from app import create_app
from miniprogram_api.core.settings import SettingsError
from tests.conftest import TEST_SETTINGS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MESSAGE_CHANNEL", "pigeon"),
        ("MESSAGE_QUIET_HOURS", "at night"),
        ("MESSAGE_TEMPLATES", "points_expiring=abc"),
        ("MESSAGE_TEMPLATES", '["abc"]'),
        ("MESSAGE_TEMPLATES", '{"points_expiring": {"keywords": {}}}'),
        ("MESSAGE_TEMPLATES", '{"points_expiring": 7}'),
        ("MESSAGE_PROGRAM_STATE", "released"),
    ],
)
def test_a_setting_of_the_wrong_form_is_told_at_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        create_app({**TEST_SETTINGS, "DATABASE_URL": "sqlite://", name: value})
