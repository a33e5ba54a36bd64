"""Files of rows are read whatever saved them, and run nothing where they are opened."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniprogram_api.merchant.csv_files import FileNotReadable, download, harmless, read_rows

COLUMNS = {"order_no": ("订单号", "order"), "carrier": ("快递公司", "carrier")}
GIVEN = "订单号,快递公司\r\n202611210001,顺丰速运\r\n"
ROW = {"line": "2", "order_no": "202611210001", "carrier": "顺丰速运"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_file_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    assert read_rows(GIVEN.encode(encoding), COLUMNS) == [ROW]


def test_columns_are_found_by_either_heading_in_any_order_and_empty_lines_do_not_count() -> None:
    content = b"\n carrier ,note,order\n,,\nSF,x,17\n"
    assert read_rows(content, COLUMNS) == [{"line": "2", "order_no": "17", "carrier": "SF"}]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"order,weight\n1,2\n", "carrier"),
        (b"\xff\xfe\x00\x01\x80", "neither"),
        (b"order,carrier\n\x001,2\n", "neither"),
        (b'order,carrier\n"1,2\n', "line 2"),
        (b"order,carrier\n" + b"1,2\n" * 20_001, "rows"),
        (b"x" * (2 * 1024 * 1024 + 1), "KB"),
    ],
)
def test_what_is_no_such_file_is_refused_with_what_is_wrong(content: bytes, told: str) -> None:
    with pytest.raises(FileNotReadable, match=told):
        read_rows(content, COLUMNS)


@pytest.mark.parametrize(
    "cell", ["=cmd|' /C calc'!A0", "+SUM(A1)", "-2+3", "@import", "\tx", "\rx"]
)
def test_a_formula_is_written_as_text_and_read_back_as_it_was(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    written = io.StringIO()
    csv.writer(written).writerows([["order", "carrier"], ["1", harmless(cell)]])
    assert read_rows(written.getvalue().encode(), COLUMNS)[0]["carrier"] == cell


@pytest.mark.parametrize("cell", [-7, "-5", "+3.50", 12, "顺丰", ""])
def test_numbers_and_words_are_written_as_they_are(cell: object) -> None:
    assert harmless(cell) == str(cell)


def test_a_download_opens_in_a_spreadsheet_and_is_kept_by_nobody() -> None:
    response = download("orders", ["订单号", "分"], [["17", 30], [None, -5], ["=1+1", 0]])
    assert response.get_data(as_text=True) == "\ufeff订单号,分\r\n17,30\r\n,-5\r\n'=1+1,0\r\n"
    assert response.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert response.headers["Cache-Control"] == "no-store"


@given(st.text(max_size=40))
def test_no_cell_starts_as_a_formula_but_numbers(text: str) -> None:
    cell = harmless(text)
    if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        assert cell.lstrip("+-").replace(".", "", 1).isdigit()
