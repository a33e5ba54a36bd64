"""`make bench` runs: every answer of every group is right, and so are the books afterwards.

How fast that was is told by a run of its own, never by a test.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.serving import GROUPS

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_group_is_served_rightly(tmp_path: Path, database: str) -> None:
    figures = tmp_path / "figures.json"
    asked = [word for group in GROUPS for word in ("--only", group)]
    short = ["--connections", "8", "--seconds", "0.5", "--rounds", "1", "--json", str(figures)]
    command = [sys.executable, "-m", "benchmarks", *asked, "--database", database, *short]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(figures.read_text())[database]
    kinds = {kind for group in GROUPS.values() for kind in group}
    assert set(told["answered"]) == kinds
    assert all(count > 0 for count in told["answered"].values())
