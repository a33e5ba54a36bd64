"""Every Lua script says what it takes and gives, has one caller, and is tested."""

from pathlib import Path

import pytest

from tests.architecture import code

TESTS = code.ROOT / "tests"
SCRIPTS = [str(path.relative_to(code.ROOT)) for path in code.scripts()]
CALLS = [(call, module.path) for module in code.modules() for call in code.script_calls(module)]


def test_there_are_scripts() -> None:
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_it_takes_and_returns(script: str) -> None:
    assert code.missing_in_header((code.ROOT / script).read_text()) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_has_exactly_one_caller(script: str) -> None:
    assert len([caller for call, caller in CALLS if call == script]) == 1


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_tested_by_name_or_with_its_caller(script: str) -> None:
    name = Path(script).name
    naming = [test for test in TESTS.rglob("test_*.py") if name in test.read_text()]
    callers = [Path(caller) for call, caller in CALLS if call == script]
    mirrored = [TESTS / caller.parent / f"test_{caller.name}" for caller in callers]
    assert naming or any(test.exists() for test in mirrored), f"no test of {script}"


@pytest.mark.parametrize(
    "text", ["local x = KEYS[1] -- ARGV, Returns", "--[[ Does ]]\nreturn KEYS[1] + ARGV[1]"]
)
def test_a_script_without_a_header_is_found(text: str) -> None:
    assert code.missing_in_header(text) == ["KEYS", "ARGV", "Returns"]
