"""The code as data: every module parsed once, and the questions that the house asks of it.

Each question takes parsed code and answers with offences, so that a planted one shows that it can
fail.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("miniprogram_api", "points_mall", "lottery", "checkin")
MODULE_LINES, FUNCTION_LINES = 350, 45
# WeChat, on the other end of a wire: it neither shares our clock nor our habits of time.
ANOTHER_WORLD = "miniprogram_api/wechat/simulator/"

_READS_OF_THE_CLOCK = {
    ("date", "today"),
    ("datetime", "today"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("time", "time"),
    ("time", "time_ns"),
}


@dataclass(frozen=True)
class Module:
    """One file of ours."""

    path: str
    text: str
    tree: ast.Module


def module(path: str, text: str) -> Module:
    return Module(path, text, ast.parse(text))


def modules() -> list[Module]:
    """Every module that is run in production."""
    files = [ROOT / "app.py", ROOT / "gunicorn.conf.py"]
    for package in PACKAGES:
        files += sorted((ROOT / package).rglob("*.py"))
    return [module(str(file.relative_to(ROOT)), file.read_text()) for file in files]


def scripts() -> list[Path]:
    """Every Lua script."""
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.lua"))


def commits(code: Module) -> list[str]:
    """Where a transaction is ended."""
    return [
        _at(code, node)
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "commit"
    ]


def reads_of_the_clock(code: Module) -> list[str]:
    """Where the time is asked of anyone but `core.clock`."""
    found = []
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if (name, node.func.attr) in _READS_OF_THE_CLOCK:
            found.append(_at(code, node))
    return found


def local_imports(code: Module) -> list[str]:
    """Imports that hide inside a function."""
    return [
        _at(code, inner)
        for function in _functions(code)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]


def long_functions(code: Module) -> list[str]:
    """Functions that do not fit on a screen. What they say about themselves is not counted."""
    return [
        f"{_at(code, function)} {function.name}: {lines} lines"
        for function in _functions(code)
        if (lines := _lines_of_code(function)) > FUNCTION_LINES
    ]


def script_calls(code: Module) -> list[str]:
    """The Lua scripts that a module loads: `Script(__file__, "scripts/x.lua")`."""
    return [
        str(Path(code.path).parent / str(node.args[1].value))
        for node in ast.walk(code.tree)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Script"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    ]


def missing_in_header(text: str) -> list[str]:
    """What a Lua script's opening comment does not say: its keys, its arguments, what it returns."""
    block = text.startswith("--[[")
    end = text.find("]]") if block else len(text)
    header = [line for line in text[: max(end, 0)].splitlines() if block or line.startswith("--")]
    return [word for word in ("KEYS", "ARGV", "Returns") if word not in "\n".join(header)]


def enqueued_names(code: Module, constants: Mapping[str, str]) -> list[str]:
    """The names of jobs that a module writes down: `enqueue("points.expire", …)`.

    A name may be a constant; one that is not known here (a parameter) is left to the run.
    """
    found = []
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if not getattr(node.func, "id", getattr(node.func, "attr", "")).startswith("enqueue"):
            continue
        first = node.args[0]
        name = getattr(first, "id", getattr(first, "attr", ""))
        value = first.value if isinstance(first, ast.Constant) else constants.get(name)
        if isinstance(value, str):
            found.append(value)
    return found


def constants(codes: Iterable[Module]) -> dict[str, str]:
    """Every constant that is a string, by name."""
    return {
        target.id: str(node.value.value)
        for code in codes
        for node in code.tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _functions(code: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(code.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _lines_of_code(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return lines - ((first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0)


def _at(code: Module, node: ast.expr | ast.stmt) -> str:
    return f"{code.path}:{node.lineno}"
