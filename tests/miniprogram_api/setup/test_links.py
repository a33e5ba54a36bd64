"""The link of the set-up opens once, for a day, in a shop without staff."""

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db
from miniprogram_api.setup import config_file, links
from miniprogram_api.setup.cli import announce
from miniprogram_api.setup.errors import AlreadySetUp, SetupClosed
from miniprogram_api.setup.models import SetupLink
from miniprogram_api.staff import accounts

from .conftest import OWNER, PASSWORD, Newcomer


def test_only_the_hash_of_the_token_is_kept(app: Flask) -> None:
    token = links.issue()
    assert len(token) >= 43
    (kept,) = db.session.scalars(sa.select(SetupLink)).all()
    assert token not in (kept.token_hash, str(vars(kept)))
    links.require(token)


def test_a_new_link_ends_the_one_before(app: Flask) -> None:
    first, second = links.issue(), links.issue()
    with pytest.raises(SetupClosed):
        links.require(first)
    links.require(second)


def test_a_link_is_good_for_a_day(app: Flask) -> None:
    clock.set(now())
    token = links.issue()
    clock.advance(timedelta(hours=23, minutes=59))
    links.require(token)
    clock.advance(timedelta(minutes=2))
    with pytest.raises(SetupClosed):
        links.require(token)


@pytest.mark.parametrize("token", ["x", "0" * 43, "令牌"])
def test_what_is_no_token_is_not_found(newcomer: Newcomer, token: str) -> None:
    for step in ("", "shop", "wechat", "owner"):
        assert Newcomer(newcomer.client, token).get(step).status_code == 404
    for step in ("shop", "wechat", "owner"):
        assert Newcomer(newcomer.client, token).post(step, **OWNER).status_code == 404
    assert not links.has_staff_now()


def test_a_shop_with_staff_gives_no_link_and_takes_none(newcomer: Newcomer) -> None:
    accounts.add("li", PASSWORD, "manager")
    with pytest.raises(AlreadySetUp):
        links.issue()
    page = newcomer.get("owner")
    assert page.status_code == 404
    assert "请登录后继续" in page.text
    assert newcomer.post("owner", **OWNER).status_code == 404
    assert [person.username for person in accounts.people()] == ["li"]


def test_the_command_prints_the_link(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniprogram_api.setup.cli.migrations_are_run", lambda: True)
    done = app.test_cli_runner().invoke(args=["setup", "--url", "https://shop.example/"])
    assert done.exit_code == 0, done.output
    address = done.output.splitlines()[-1].strip()
    assert address.startswith("https://shop.example/setup/")
    links.require(address.rsplit("/", 1)[1])


def test_the_command_refuses_a_shop_with_staff(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniprogram_api.setup.cli.migrations_are_run", lambda: True)
    accounts.add("wang", PASSWORD, "owner")
    done = app.test_cli_runner().invoke(args=["setup"])
    assert done.exit_code == 1
    assert "店铺已经开好" in done.output


def test_tables_come_before_the_link(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("miniprogram_api.setup.cli.migrations_are_run", lambda: False)
    done = app.test_cli_runner().invoke(args=["setup"])
    assert done.exit_code == 1
    assert "flask db upgrade" in done.output
    assert not links.is_open()


class TestAShopWithoutKeys:
    @pytest.fixture
    def app_settings(self) -> dict[str, object]:
        return {"SECRET_KEYS": "", "INDEX_KEY": ""}

    def test_the_command_makes_those_that_are_missing_and_only_once(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("miniprogram_api.setup.cli.migrations_are_run", lambda: True)
        folder = Path(app.instance_path)
        done = app.test_cli_runner().invoke(args=["setup"])
        assert "SECRET_KEYS, INDEX_KEY" in done.output
        made = config_file.values(folder)
        assert sorted(made) == ["INDEX_KEY", "SECRET_KEYS"]
        assert len(str(made["SECRET_KEYS"])) >= 32
        assert str(made["SECRET_KEYS"]) not in done.output

        app.test_cli_runner().invoke(args=["setup"])
        assert config_file.values(folder) == made


class TestAServerThatStarts:
    @pytest.fixture(autouse=True)
    def _in_production(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("miniprogram_api.setup.cli.migrations_are_run", lambda: True)
        monkeypatch.setattr(
            type(app.extensions["settings"]), "is_production", property(lambda _: True)
        )

    def test_prints_a_link_once(self, app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
        announce(app)
        said = capsys.readouterr().err
        links.require(said.split("/setup/")[1].strip())
        announce(app)
        assert "/setup/" not in capsys.readouterr().err

    def test_is_silent_where_somebody_works(
        self, app: Flask, capsys: pytest.CaptureFixture[str]
    ) -> None:
        accounts.add("wang", PASSWORD, "owner")
        announce(app)
        assert capsys.readouterr().err == ""
