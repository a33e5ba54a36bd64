"""The only chance in the lottery is a promised seed: no other source of numbers may decide."""

import ast

from tests.architecture.code import Module, module, modules

_LIBRARIES = {"random", "numpy"}
_SOURCES = {"random", "randbelow", "randint", "randrange", "getrandbits", "shuffle", "SystemRandom"}


def other_chance(code: Module) -> list[str]:
    """Where a module takes chance from anything that nobody could recompute."""
    found = []
    for node in ast.walk(code.tree):
        names: set[str] = set()
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names} & _LIBRARIES
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]} & _LIBRARIES
            names |= {alias.name for alias in node.names} & _SOURCES
        elif isinstance(node, ast.Attribute):
            names = {node.attr} & _SOURCES
        found += [f"{code.path}:{getattr(node, 'lineno', 0)} {name}" for name in sorted(names)]
    return found


def test_the_lottery_has_no_chance_but_the_seeds() -> None:
    lottery = [code for code in modules() if code.path.startswith("lottery/")]
    assert any(code.path == "lottery/fairness.py" for code in lottery)
    assert [offence for code in lottery for offence in other_chance(code)] == []


def test_any_other_chance_would_be_found() -> None:
    planted = module(
        "lottery/planted.py",
        "import random\n"
        "import numpy.random\n"
        "from random import choice\n"
        "from secrets import randbelow\n"
        "number = secrets.SystemRandom()\n"
        "statement = select(Prize).order_by(func.random())\n"
        "seed = secrets.token_bytes(32)\n",
    )
    assert other_chance(planted) == [
        "lottery/planted.py:1 random",
        "lottery/planted.py:2 numpy",
        "lottery/planted.py:3 random",
        "lottery/planted.py:4 randbelow",
        "lottery/planted.py:5 SystemRandom",
        "lottery/planted.py:6 random",
    ]
