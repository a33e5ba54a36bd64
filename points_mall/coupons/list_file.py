"""Files that an operator hands in: CSV as spreadsheets write it, read line by line.

UTF-8 (with or without its mark) or GBK, of which the first bytes decide nothing: a file that is not
UTF-8 to its end is read as GBK. A cell that a spreadsheet would carry out as a formula is refused.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
_CHUNK = 1 << 20


class NotText(ValueError):
    """The file is neither UTF-8 nor GBK."""


@dataclass(frozen=True)
class Line:
    """The first cell of a line, and what is wrong with it; None: nothing."""

    number: int
    value: str
    objection: str | None = None


def lines_of(path: Path, headings: tuple[str, ...] = ()) -> Iterator[Line]:
    """The lines of a file with something in their first cell, in constant memory.

    :param headings: words that head the column; such a first line is passed over.
    :raises NotText: it cannot be read.
    """
    with path.open(encoding=encoding_of(path), newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            value = row[0].strip() if row else ""
            if not value and not any(cell.strip() for cell in row):
                continue
            if number == 1 and value.lower() in headings:
                continue
            yield Line(number, value, _objection(value))


def encoding_of(path: Path) -> str:
    """How a file is written.

    :raises NotText: neither UTF-8 nor GBK.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(_CHUNK):
                    pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise NotText("neither UTF-8 nor GBK")


def _objection(value: str) -> str | None:
    if not value:
        return "empty"
    return "formula" if value.startswith(FORMULA_SIGNS) else None
