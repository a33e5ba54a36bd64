"""发货: what waits goes out as a file and as slips; the file that comes back is applied once."""

import io
import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from points_mall.redemption import shipments
from tests.office import Clerk, acts_count, acts_of
from tests.together import all_at_once

from .conftest import Shopper, picture, status_of
from .test_merchant_pages import placed

HEAD = "订单号,快递公司,运单号\n"


@pytest.fixture
def office(app: Flask) -> Clerk:
    return Clerk(app, "manager", "wang")


def upload(office: Clerk, content: bytes) -> TestResponse:
    return office.post("/admin/shipments/imports", file=(io.BytesIO(content), "sent.csv"))


def brought(office: Clerk, text: str, encoding: str = "utf-8") -> str:
    """The page of a file that was taken in."""
    answer = upload(office, text.encode(encoding))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


@pytest.fixture
def number(li: Shopper) -> str:
    return placed(li, fulfilment="delivery")


def test_what_waits_is_exported_with_addresses_and_that_is_written_down(
    office: Clerk, li: Shopper, number: str
) -> None:
    placed(li)  # picked up, not sent
    file = office.post("/admin/shipments/export")
    rows = file.text.splitlines()
    assert len(rows) == 2
    assert rows[1].startswith(f"{number},帆布袋,1,李雷,13800138000,上海市 徐汇区,漕溪北路 1 号,")
    assert file.headers["Cache-Control"] == "no-store"
    assert [act[1] for act in acts_of("order.export_address")] == [f"order:{number}"]


def test_where_nothing_waits_that_is_said(office: Clerk) -> None:
    for path in ("export", "slips"):
        answer = office.post(f"/admin/shipments/{path}")
        assert answer.status_code == 404
        assert "没有待发货的订单" in answer.text
    assert "会员兑换需要快递的商品后会出现在这里" in office.get("/admin/shipments").text


def test_packing_slips_are_printed_of_those_chosen(office: Clerk, li: Shopper, number: str) -> None:
    other = placed(li, fulfilment="delivery")
    page = office.post("/admin/shipments/slips", order=other).text
    assert other in page
    assert number not in page
    assert "漕溪北路 1 号" in page
    everything = office.post("/admin/shipments/slips").text
    assert everything.count('class="slip"') == 2
    assert len(acts_of("order.print_slip")) == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_file_is_shown_first_and_sends_nothing(office: Clerk, number: str, encoding: str) -> None:
    before = picture()
    text = f"{HEAD}{number},顺丰,SF123456\nR0,中通,ZT123456\n"
    page = office.get(brought(office, text, encoding)).text
    assert "将发货" in page
    assert "没有这个订单" in page
    assert "确认发货 1 单" in page
    assert picture() == before


def test_a_file_is_applied_line_by_line_once(office: Clerk, number: str) -> None:
    where = brought(office, f"{HEAD}{number},顺丰,SF123456\nR0,中通,ZT123456\n")
    assert office.post(f"{where}/apply").location == f"{where}?told=done"
    assert status_of(number) == "shipped"
    [(who, subject, before, after, _why)] = acts_of("order.ship")
    assert (who, subject) == ("staff:wang", f"order:{number}")
    assert (before, after) == (
        {"status": "placed"},
        {"status": "shipped", "carrier": "顺丰", "tracking_no": "SF123456"},
    )
    assert acts_of("shipments.apply")[0][3] == {"lines": 2, "ships": 1, "unknown": 1}
    acts, moved = acts_count(), picture()
    again = brought(office, f"{HEAD}{number},顺丰,SF123456\nR0,中通,ZT123456\n")
    assert again == where
    assert office.post(f"{where}/apply").status_code == 303
    assert (acts_count(), picture()) == (acts, moved)
    failures = office.get(f"{where}?format=csv").text.splitlines()
    assert failures[1:] == ["3,R0,中通,ZT123456,没有这个订单"]


def test_a_line_that_repeats_what_was_done_needs_nobody(office: Clerk, number: str) -> None:
    office.post(f"/admin/orders/{number}/ship", carrier="顺丰", tracking_no="SF123456")
    moved = picture()
    same = office.get(brought(office, f"{HEAD}{number},顺丰,SF123456\n")).text
    assert "已按此单号发货，无需处理" in same
    other = brought(office, f"{HEAD}{number},顺丰,SF999999\n")
    assert "已用其他单号发货" in office.get(other).text
    assert office.post(f"{other}/apply").status_code == 303
    assert picture() == moved


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (HEAD.encode(), "no line below the headings"),
        ("订单号,运单号\nR1,SF123456\n".encode(), "no column carrier"),
        ("名称\n".encode("utf-16"), "neither UTF-8 nor GB 18030"),
        (b'"open,quote\n', "line"),
        (b"\xff\xfe\x00\x01", "neither UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(office: Clerk, content: bytes, said: str) -> None:
    before = acts_count()
    answer = upload(office, content)
    assert answer.status_code == 422
    assert said in answer.text
    assert acts_count() == before


def test_no_more_lines_than_are_applied_at_once(
    office: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipments, "MOST_LINES", 2)
    answer = upload(office, f"{HEAD}R1,顺丰,SF12345\nR2,顺丰,SF12345\nR3,顺丰,SF12345\n".encode())
    assert answer.status_code == 422
    assert "一次导入的行数过多" in answer.text


def test_formulas_in_a_file_are_text_and_neutralised_on_the_way_out(office: Clerk) -> None:
    where = brought(office, f"{HEAD}R0,=cmd|calc,<script>alert(1)</script>\n")
    page = office.get(where).text
    assert "<script>alert" not in page
    assert "'=cmd|calc" in office.get(f"{where}?format=csv").text


def test_two_who_apply_one_file_send_each_parcel_once(
    app: Flask, office: Clerk, number: str
) -> None:
    where = brought(office, f"{HEAD}{number},顺丰,SF123456\n")
    import_id = int(re.findall(r"\d+$", where)[0])
    all_at_once(app, [lambda: shipments.apply(import_id)] * 4)
    assert status_of(number) == "shipped"
    assert len(acts_of("order.ship")) == 1
    assert len(acts_of("shipments.apply")) == 1


def test_only_managers_see_addresses_and_send_files(app: Flask, number: str) -> None:
    zhou, before = Clerk(app, "editor"), acts_count()
    assert zhou.get("/admin/shipments").status_code == 403
    for path in ("export", "slips", "imports", "imports/1/apply"):
        assert zhou.post(f"/admin/shipments/{path}").status_code == 403
    assert acts_count() == before
    assert Clerk(app, "manager").get("/admin/shipments/imports/99").status_code == 404
