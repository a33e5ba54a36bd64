"""CSV files that people open in spreadsheets: written so that nothing in them runs, read whatever they saved.

Written as UTF-8 with a byte order mark, which Excel needs to show Chinese; a cell that a spreadsheet would
run as a formula gets an apostrophe before it (OWASP, CSV injection). Read as UTF-8 with or without a mark, or
GB 18030, which Excel in China writes.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flask import Response, has_request_context, stream_with_context

from miniprogram_api.core.errors import Unprocessable

BOM = "\ufeff"
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_BYTES = 2 * 1024 * 1024
MOST_ROWS = 20_000


class FileNotReadable(Unprocessable):
    """A file of rows cannot be read."""

    code = "file_not_readable"
    title_zh = "无法读取这个文件"
    title_en = "This file cannot be read"


def harmless(cell: object) -> str:
    """A cell as a spreadsheet may show it; plain numbers stay numbers."""
    if cell is None:
        return ""
    text = str(cell)
    if text.startswith(_STARTS_A_FORMULA) and not _is_number(text):
        return f"'{text}"
    return text


def download(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV file sent while it is read, whatever its length; its rows may be read as it goes.

    :param name: the file's name without ending; ASCII.
    """
    lines = _lines(columns, rows)
    if has_request_context():
        lines = stream_with_context(lines)
    response = Response(lines, mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


def read_rows(content: bytes, columns: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """The rows of a file, by our names of its columns; each with its line as `line`.

    :param columns: our name of each column → the headings that may stand over it.
    :raises FileNotReadable: too long, neither UTF-8 nor GB 18030, or a column is missing.
    """
    if len(content) > MOST_BYTES:
        raise FileNotReadable(f"at most {MOST_BYTES // 1024} KB", most_bytes=MOST_BYTES)
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise FileNotReadable(f"line {reader.line_num}: {error}") from error
    if not lines:
        raise FileNotReadable("the file is empty")
    if len(lines) - 1 > MOST_ROWS:
        raise FileNotReadable(f"at most {MOST_ROWS} rows", most_rows=MOST_ROWS)
    places = _places([heading.strip() for heading in lines[0]], columns)
    return [
        {"line": str(number)} | {name: _cell(line, place) for name, place in places.items()}
        for number, line in enumerate(lines[1:], start=2)
    ]


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
        if buffer.tell() > 16_384:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileNotReadable("it is neither UTF-8 nor GB 18030 text")


def _places(headings: Sequence[str], columns: Mapping[str, Sequence[str]]) -> dict[str, int]:
    places = {}
    for name, spelt in columns.items():
        found = [place for place, heading in enumerate(headings) if heading in spelt]
        if not found:
            raise FileNotReadable(f"no column {' / '.join(spelt)}", columns=list(columns))
        places[name] = found[0]
    return places


def _cell(line: Sequence[str], place: int) -> str:
    """What stands there; the apostrophe that we wrote before a formula is ours to take away."""
    text = line[place].strip() if place < len(line) else ""
    return text[1:] if text.startswith("'") and text[1:].startswith(_STARTS_A_FORMULA) else text


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()
