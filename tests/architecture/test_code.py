"""One place commits, one clock, functions that fit on a screen, imports in sight."""

from collections.abc import Callable

import pytest

from tests.architecture import code

MODULES = code.modules()


def test_every_module_is_looked_at() -> None:
    paths = {module.path for module in MODULES}
    assert {"app.py", "miniprogram_api/core/db.py", "points_mall/__init__.py"} <= paths


def test_only_the_end_of_a_transaction_block_commits() -> None:
    found = [place for module in MODULES for place in code.commits(module)]
    assert len(found) == 1
    assert found[0].startswith("miniprogram_api/core/db.py:")


def test_the_time_is_asked_of_the_clock() -> None:
    excepted = ("miniprogram_api/core/clock.py", code.ANOTHER_WORLD)
    asking = [module for module in MODULES if not module.path.startswith(excepted)]
    assert [place for module in asking for place in code.reads_of_the_clock(module)] == []


def test_imports_stand_at_the_top() -> None:
    assert [place for module in MODULES for place in code.local_imports(module)] == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert [place for module in MODULES for place in code.long_functions(module)] == []


def test_no_module_is_longer_than_a_sitting() -> None:
    lengths = {module.path: len(module.text.splitlines()) for module in MODULES}
    too_long = {path: lines for path, lines in lengths.items() if lines > code.MODULE_LINES}
    assert too_long == {}


@pytest.mark.parametrize(
    ("question", "offence"),
    [
        (code.commits, "def pay():\n    db.session.commit()\n"),
        (code.reads_of_the_clock, "import datetime\nat = datetime.datetime.now(UTC)\n"),
        (code.reads_of_the_clock, "from datetime import date\non = date.today()\n"),
        (code.reads_of_the_clock, "import time\nat = time.time()\n"),
        (code.local_imports, "def pay():\n    from app import create_app\n"),
        (code.long_functions, "def pay():\n" + "    x = 1\n" * code.FUNCTION_LINES),
    ],
)
def test_a_planted_offence_is_found(
    question: Callable[[code.Module], list[str]], offence: str
) -> None:
    assert len(question(code.module("planted.py", offence))) == 1


def test_what_a_function_says_about_itself_is_not_counted() -> None:
    text = 'def pay():\n    """Pay.\n' + "\n" * code.FUNCTION_LINES + '    """\n'
    assert code.long_functions(code.module("planted.py", text)) == []
