"""Importing codes that were made elsewhere: the whole file is judged before any of it is stored."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codes import tidied
from .errors import FileRefused
from .list_file import NotText, lines_of
from .outside import HAND_OUT, known_among, serve_waiting, store
from .templates import template_with

BATCH = 1000
MOST_LINES = 1_000_000
MOST_SHOWN = 50
HEADINGS = ("code", "codes", "兑换码", "券码", "卡密", "激活码")
_CODE = re.compile(r"[0-9A-Z][0-9A-Z_-]{5,63}")


@dataclass(frozen=True)
class Imported:
    """What became of a file: how many codes it has, and how many coupons were waiting for one."""

    count: int
    served: int


def import_codes(path: Path, template_code: str, purpose: str, batch: str) -> Imported:
    """Import a file of codes for a template; nothing is stored where a single line is refused.

    :param purpose: `redeem`: members type them in; `hand_out`: each coupon carries one.
    :raises NoSuchTemplate: there is none of that code.
    :raises FileRefused: lines are empty, formulas, no codes, or there twice; `lines` names them.
    """
    template = template_with(template_code)
    if (purpose == HAND_OUT) != template.terms.hands_out_codes:
        raise FileRefused(f"{template_code}: codes to {purpose} do not go with its terms", lines=[])
    faults = _faults(path)
    if faults:
        detail = ", ".join(f"line {one['line']}: {one['problem']}" for one in faults[:5])
        raise FileRefused(f"{len(faults)} lines: {detail}", lines=faults[:MOST_SHOWN])
    count = 0
    for some in _batches(path):
        count += store(template.id, purpose, batch, some)
    served = serve_waiting(template.id) if purpose == HAND_OUT else 0
    return Imported(count, served)


def _faults(path: Path) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    faults: list[dict[str, Any]] = []
    try:
        for line in lines_of(path, HEADINGS):
            code = tidied(line.value)
            problem = line.objection or _problem(code, seen)
            if problem is not None:
                faults.append({"line": line.number, "problem": problem})
            seen.setdefault(code, line.number)
            if len(seen) > MOST_LINES:
                raise FileRefused(f"at most {MOST_LINES} codes at once", lines=[])
    except NotText as error:
        raise FileRefused(str(error), lines=[]) from None
    if not seen:
        raise FileRefused("there is no code in it", lines=[])
    faults += _imported_before(seen)
    return sorted(faults, key=lambda fault: int(fault["line"]))


def _problem(code: str, seen: dict[str, int]) -> str | None:
    if code in seen:
        return f"the same as line {seen[code]}"
    return None if _CODE.fullmatch(code) else "not a code: 6 to 64 letters, digits, - or _"


def _imported_before(seen: dict[str, int]) -> list[dict[str, Any]]:
    codes = list(seen)
    known: set[str] = set()
    for start in range(0, len(codes), BATCH):
        known |= known_among(codes[start : start + BATCH])
    return [{"line": seen[code], "problem": "imported before"} for code in known]


def _batches(path: Path) -> Iterator[list[str]]:
    some: list[str] = []
    for line in lines_of(path, HEADINGS):
        some.append(tidied(line.value))
        if len(some) == BATCH:
            yield some
            some = []
    if some:
        yield some
