"""The file of settings is whole before and after, and what others wrote in it stays."""

import stat
from pathlib import Path

import pytest

from miniprogram_api.setup import config_file
from miniprogram_api.setup.errors import ConfigNotWritable


def test_what_somebody_wrote_stays_and_ours_wins(tmp_path: Path) -> None:
    path = tmp_path / "config.py"
    path.write_text("# my own note\nSHOP_NAME = 'old'\nPOINTS_VALID_DAYS = 30\n")
    assert config_file.write(tmp_path, {"SHOP_NAME": "new"})
    assert path.read_text().startswith("# my own note\nSHOP_NAME = 'old'\n")
    assert config_file.values(tmp_path) == {"SHOP_NAME": "new", "POINTS_VALID_DAYS": 30}


def test_writing_again_leaves_one_block_and_the_file_before_beside_it(tmp_path: Path) -> None:
    config_file.write(tmp_path, {"SHOP_NAME": "one"})
    first = (tmp_path / "config.py").read_text()
    config_file.write(tmp_path, {"WX_APPID": "wx1", "SHOP_NAME": "two\n'\"\\"})
    assert (tmp_path / "config.py").read_text().count("SHOP_NAME") == 1
    assert config_file.values(tmp_path) == {"SHOP_NAME": "two\n'\"\\", "WX_APPID": "wx1"}
    assert (tmp_path / "config.py.old").read_text() == first
    for name in ("config.py", "config.py.old"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_same_again_writes_nothing(tmp_path: Path) -> None:
    config_file.write(tmp_path, {"SHOP_NAME": "one"})
    assert not config_file.write(tmp_path, {"SHOP_NAME": "one"})
    assert not (tmp_path / "config.py.old").exists()


def test_a_line_that_somebody_adds_below_is_kept(tmp_path: Path) -> None:
    config_file.write(tmp_path, {"SHOP_NAME": "one"})
    with (tmp_path / "config.py").open("a") as file:
        file.write("LOG_FORMAT = 'console'\n")
    config_file.write(tmp_path, {"SHOP_NAME": "two"})
    assert config_file.values(tmp_path) == {"SHOP_NAME": "two", "LOG_FORMAT": "console"}


def test_a_file_that_would_not_be_python_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("SHOP_NAME = \n")
    with pytest.raises(SyntaxError):
        config_file.write(tmp_path, {"WX_APPID": "wx1"})
    assert (tmp_path / "config.py").read_text() == "SHOP_NAME = \n"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.py").mkdir()
    with pytest.raises(ConfigNotWritable):
        config_file.write(tmp_path, {"SHOP_NAME": "one"})
