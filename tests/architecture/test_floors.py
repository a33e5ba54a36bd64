"""Imports only go down: the contracts in pyproject.toml hold, and can be broken."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.code import ROOT

CHECK = "from importlinter.cli import lint_imports_command as lint; lint()"


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", CHECK, "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_contract_is_kept() -> None:
    done = check(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("points_mall/ledger/posting.py", "import checkin", "floors"),
        ("checkin/__init__.py", "import lottery", "floors"),
        ("miniprogram_api/core/clock.py", "import points_mall", "floors"),
        ("miniprogram_api/core/clock.py", "import miniprogram_api.jobs", "floor"),
        ("miniprogram_api/core/clock.py", "import werkzeug", "no-http-in-the-rules"),
        ("miniprogram_api/members/services.py", "import flask_smorest", "no-http-in-the-rules"),
        ("miniprogram_api/members/services.py", "import miniprogram_api.members.routes", "edges"),
        ("miniprogram_api/auth/guards.py", "import miniprogram_api.wechat.simulator", "simulator"),
        ("points_mall/ledger/lots.py", "import points_mall.ledger.posting", "no-cycles"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    tmp_path: Path, module: str, line: str, broken: str
) -> None:
    for name in ("pyproject.toml", "miniprogram_api", "points_mall", "lottery", "checkin"):
        (tmp_path / name).symlink_to(ROOT / name)
    replace_by_copies(tmp_path, module)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")

    done = check_one(tmp_path, broken)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def check_one(folder: Path, contract: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", CHECK, "--no-cache", "--contract", contract]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def replace_by_copies(folder: Path, module: str) -> None:
    """Turn the links on the way to a module into folders of links, and the module into a copy."""
    place = folder
    for part in Path(module).parts:
        place /= part
        target = place.resolve()
        if not place.is_symlink():
            continue
        place.unlink()
        if target.is_dir():
            place.mkdir()
            for child in target.iterdir():
                (place / child.name).symlink_to(child)
        else:
            place.write_text(target.read_text())
