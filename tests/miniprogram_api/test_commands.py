"""How commands refuse, read what they are given, and say who acts."""

import getpass
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from marshmallow import Schema, fields

from app import PARTS
from miniprogram_api.commands import AppCommand, AppGroup, a_file, actor, read_given, read_json
from miniprogram_api.core.errors import Conflict, NotFound


class OutOfTea(Conflict):
    """There is no tea."""

    code = "out_of_tea"
    title_zh = "没有茶了"
    title_en = "We are out of tea"


class OrderSchema(Schema):
    cups = fields.Integer(required=True, strict=True)


def cups_of(given: Any) -> int:
    loaded: dict[str, int] = OrderSchema().load(given)
    if loaded["cups"] > 9:
        raise OutOfTea("9 cups are left")
    return loaded["cups"]


tea = AppGroup("tea")
pots = AppGroup("pots")
tea.add_command(pots)


@tea.command("pour", with_appcontext=False)
@click.argument("why", default="")
def pour_command(why: str) -> None:
    raise OutOfTea(why)


@pots.command("fill", with_appcontext=False)
def fill_command() -> None:
    raise OutOfTea("3 pots wait")


@tea.command("order", with_appcontext=False)
@a_file
def order_command(file: Path) -> None:
    click.echo(f"{read_json(file, cups_of, '订单')} cups")


@tea.command("break", with_appcontext=False)
def break_command() -> None:
    raise RuntimeError("the cup is broken")


@click.command("clock", cls=AppCommand)
def clock_command() -> None:
    raise NotFound("no clock here")


def run(command: click.Command, *words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(command, [str(word) for word in words])
    return done.exit_code, done.output


def test_a_refusal_is_one_sentence_in_two_languages() -> None:
    assert run(tea, "pour", "2 cups asked") == (1, "Error: 没有茶了 · 2 cups asked\n")


def test_a_refusal_without_detail_has_its_title() -> None:
    assert run(tea, "pour") == (1, "Error: 没有茶了 · We are out of tea\n")


def test_a_group_in_a_group_refuses_alike() -> None:
    assert run(tea, "pots", "fill") == (1, "Error: 没有茶了 · 3 pots wait\n")


def test_a_command_that_is_in_no_group_refuses_alike() -> None:
    assert run(clock_command) == (1, "Error: 内容不存在 · no clock here\n")


def test_what_is_no_refusal_keeps_its_traceback() -> None:
    done = CliRunner().invoke(tea, ["break"])
    assert isinstance(done.exception, RuntimeError)


@pytest.mark.parametrize(
    "text", ['{"cups": 2}', '\ufeff{"cups": 2}'], ids=["as it is", "as Notepad writes it"]
)
def test_a_file_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "order.json").write_text(text, encoding="utf-8")
    assert run(tea, "order", tmp_path / "order.json") == (0, "2 cups\n")


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "不是 JSON · not JSON: Expecting value"),
        (b"{", "不是 JSON · not JSON: Expecting property name"),
        ("{“cups”: 2}".encode(), "不是 JSON · not JSON: Expecting property name"),
        ('{"cups": "两杯"}'.encode("gbk"), "不是 JSON · not JSON: it is not UTF-8"),
        (b"[" * 200_000, "不是 JSON · not JSON: nested deeper than 20"),
        (b'{"cups": 1, "cups": 2}', "不是 JSON · not JSON: an object has the same key twice"),
        (
            b'{"why": "\\ud800"}',
            "不是 JSON · not JSON: a string holds NUL or half a surrogate pair",
        ),
        (b"[]", "订单格式有误 · wrong form: "),
        (b"{}", '订单格式有误 · wrong form: {"cups": ["Missing data for required field."]}'),
        (b'{"cups": "2.5"}', '订单格式有误 · wrong form: {"cups": ["Not a valid integer."]}'),
        (b'{"cups": 10}', "没有茶了 · 9 cups are left"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_reason(
    tmp_path: Path, raw: bytes, told: str
) -> None:
    (tmp_path / "order.json").write_bytes(raw)
    code, output = run(tea, "order", tmp_path / "order.json")
    assert (code, output.startswith(f"Error: {told}")) == (1, True), output


def test_a_file_that_is_not_there_is_a_wrong_argument(tmp_path: Path) -> None:
    assert run(tea, "order", tmp_path / "none.json")[0] == 2
    assert run(tea, "order", tmp_path)[0] == 2


def test_what_was_given_in_options_is_read_alike() -> None:
    assert read_given({"cups": 3}, cups_of) == 3
    with pytest.raises(click.ClickException, match=r"^格式有误 · wrong form: .*cups"):
        read_given({}, cups_of)


def test_the_actor_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "chen")
    assert actor() == "cli:chen"
    monkeypatch.setenv("LOGNAME", "c" * 80)
    assert actor() == "cli:" + "c" * 60  # as long as a record's column


@pytest.mark.parametrize("nobody", [KeyError("uid not found: 1234"), OSError("no username")])
def test_a_user_without_a_name_is_its_number(
    monkeypatch: pytest.MonkeyPatch, nobody: Exception
) -> None:
    def getuser() -> str:
        raise nobody

    monkeypatch.setattr(getpass, "getuser", getuser)
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    assert actor() == "cli:1234"


def every_command() -> Iterator[click.Command]:
    waiting = [command for part in PARTS for command in part.commands]
    while waiting:
        command = waiting.pop()
        yield command
        if isinstance(command, click.Group):
            waiting += [one for one in command.commands.values() if isinstance(one, click.Group)]


def test_every_command_of_the_mall_refuses_in_this_way() -> None:
    found = list(every_command())
    assert {"points", "plans", "ladder", "drop", "doctor", "seed"} <= {one.name for one in found}
    assert [one.name for one in found if not isinstance(one, AppCommand)] == []
