"""The script for strangers: thirty lines, nothing installed, and it finds every lie."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .vectors import COMMITMENT, SEED_HEX, VECTORS, Vector

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCRIPT = DOCS / "verify_draw.py"
PRIZES = [
    {"position": 4, "weight": 8_899, "is_guaranteed": False},
    {"position": 1, "weight": 1, "is_guaranteed": True},
    {"position": 2, "weight": 100, "is_guaranteed": True},
    {"position": 3, "weight": 1_000, "is_guaranteed": False},
]


def proof(known: Vector = VECTORS[0], **changes: object) -> dict[str, Any]:
    """A draw as it is published when its period is over."""
    return {
        "wheel_id": known.wheel_id,
        "version": known.version,
        "member_ref": known.member_ref,
        "draw_index": known.draw_index,
        "nonce": known.nonce,
        "seed_hex": SEED_HEX,
        "commitment": COMMITMENT,
        "digest_hex": known.digest_hex,
        "rule": "odds",
        "prizes": PRIZES,
        "picked_position": 4,
        **changes,
    }


def verify(folder: Path, draw: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """In another process, which has Python and nothing else."""
    file = folder / "proof.json"
    file.write_text(json.dumps(draw), encoding="utf-8")
    command = [sys.executable, "-I", str(SCRIPT), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def test_a_draw_is_recomputed_without_our_code(tmp_path: Path) -> None:
    done = verify(tmp_path, proof())
    assert done.stdout.splitlines() == [
        "ok    commitment",
        "ok    digest",
        "ok    number 4782 of 10000, position 4",
    ]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("known", VECTORS)
def test_the_known_answers_are_found(tmp_path: Path, known: Vector) -> None:
    """One prize owns the known number alone: only that number finds it."""
    weights = [known.number, 1, known.total - known.number - 1]
    prizes = [{"position": place, "weight": weight} for place, weight in enumerate(weights, 1)]
    done = verify(tmp_path, proof(known, prizes=prizes, picked_position=2))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"number {known.number} of {known.total}, position 2" in done.stdout


def test_a_guaranteed_draw_is_recomputed_among_the_guaranteed(tmp_path: Path) -> None:
    # the first word of the digest, 36cf91b0ceec3dde, is 84 modulo 101
    done = verify(tmp_path, proof(rule="guarantee", picked_position=2))
    assert "number 84 of 101, position 2" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        ({"seed_hex": "00" * 32}, "WRONG commitment"),
        ({"commitment": "00" * 32}, "WRONG commitment"),
        ({"digest_hex": "00" * 32}, "WRONG digest"),
        ({"nonce": "lucky-89"}, "WRONG digest"),
        ({"draw_index": 2}, "WRONG digest"),
        ({"version": 4}, "WRONG digest"),
        ({"picked_position": 1}, "WRONG number 4782 of 10000, position 4"),
        ({"rule": "guarantee"}, "WRONG number 84 of 101, position 2"),
        ({"prizes": [{"position": 1, "weight": 9}]}, "position 1"),
    ],
)
def test_a_lie_is_found(tmp_path: Path, lie: dict[str, object], found: str) -> None:
    done = verify(tmp_path, proof(VECTORS[0], **lie))
    assert found in done.stdout
    assert done.returncode == 1


def test_the_example_of_the_documentation_holds(tmp_path: Path) -> None:
    page = (DOCS / "lottery.md").read_text(encoding="utf-8")
    example = json.loads(page.split("```json")[1].split("```")[0])
    done = verify(tmp_path, example)
    assert "number 4782 of 10000, position 4" in done.stdout
    assert done.returncode == 0


def test_before_the_reveal_it_says_so(tmp_path: Path) -> None:
    done = verify(tmp_path, proof(seed_hex=None))
    assert done.stderr.strip() == "the seed is published when the period is over"
    assert done.returncode == 1


def test_the_script_is_short_and_needs_only_the_standard_library() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 30
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert {name.name for name in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert node.module in sys.stdlib_module_names
