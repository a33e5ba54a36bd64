"""积分流水: what the pages show is what the ledger holds, and looking changes nothing."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from lottery.merchant_pages import _cause as of_draw
from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import new_member_no
from points_mall.ledger import explorer_checking, posting, services
from points_mall.ledger.models import LedgerEntry, PointsAccount, PointsLot
from points_mall.purchases.facts import Paid
from points_mall.purchases.recording import record_purchase
from points_mall.purchases.states import TILL
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import number_of, open_shop, shopper

from .conftest import GIFT, ORDER, START
from .tampering import contents, lower_guards, raise_guards

LEDGER = "/admin/ledger"


@pytest.fixture
def two(app: Flask) -> tuple[int, int]:
    """Two members: one got 300 and 50 and spent 320, the other got 70 a day later."""
    clock.set(START)
    open_shop()
    one, other = shopper(phone=None), shopper(phone=None)
    with transaction():
        posting.credit(one, 300, reason=GIFT, reference="a", expires_at=now() + timedelta(days=10))
        posting.credit(one, 50, reason=GIFT, reference="b")
        posting.debit(
            one,
            320,
            reason=ORDER,
            reference="sweets",
            explanation={"title": "<b>糖</b>", "quantity": 2},
        )
    clock.set(START + timedelta(days=1))
    with transaction():
        posting.credit(other, 70, reason=GIFT, reference="a", actor="staff:li")
    return one, other


@pytest.fixture
def clerk(app: Flask) -> Clerk:
    return Clerk(app, "manager")


def account(member_id: int, more: str = "") -> str:
    return f"{LEDGER}/accounts/{number_of(member_id)}{more}"


def entry_id(member_id: int, reference: str) -> int:
    query = (
        sa.select(LedgerEntry.id)
        .join(PointsAccount, PointsAccount.id == LedgerEntry.account_id)
        .where(PointsAccount.member_id == member_id, LedgerEntry.reference == reference)
    )
    return db.session.scalars(query).one()


def changes_in(answer: TestResponse) -> list[str]:
    """The column 变动 of the table of entries, from above."""
    assert answer.status_code == 200
    return re.findall(r'data-name="变动" class="figure">([^<]+)<', answer.text)


def head_of(answer: TestResponse) -> dict[str, str]:
    """The facts at the head of a page."""
    found = re.findall(r"<dt>([^<]+)</dt><dd[^>]*>(.*?)</dd>", answer.text)
    return {name: re.sub("<[^>]+>", "", value).strip() for name, value in found}


def test_the_latest_of_everybody_come_first(clerk: Clerk, two: tuple[int, int]) -> None:
    assert changes_in(clerk.get(LEDGER)) == ["+70", "−320", "+50", "+300"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("reason=test_order", ["−320"]),
        ("reason=test_gift", ["+70", "+50", "+300"]),
        ("reason=test_gift&sign=out", []),
        ("reason=no_such_reason", ["+70", "−320", "+50", "+300"]),
        ("sign=in", ["+70", "+50", "+300"]),
        ("sign=out", ["−320"]),
        ("since=2026-11-22", ["+70"]),
        ("until=2026-11-21", ["−320", "+50", "+300"]),
        ("since=2026-11-21&until=2026-11-21&sign=in", ["+50", "+300"]),
        ("since=2026-11-23", []),
        ("q=nobody", []),
        ("q=%230", []),
        ("q=99999999999999999999", []),
    ],
)
def test_the_list_is_narrowed(
    clerk: Clerk, two: tuple[int, int], query: str, shown: list[str]
) -> None:
    assert changes_in(clerk.get(f"{LEDGER}?{query}")) == shown


def test_a_member_number_shows_one_account(clerk: Clerk, two: tuple[int, int]) -> None:
    answer = clerk.get(f"{LEDGER}?q={number_of(two[0])}")
    assert changes_in(answer) == ["−320", "+50", "+300"]
    assert f'href="{account(two[0])}"' in answer.text
    assert changes_in(clerk.get(f"{LEDGER}?q={number_of(two[0])}&sign=out")) == ["−320"]


def test_the_number_of_an_entry_finds_it(clerk: Clerk, two: tuple[int, int]) -> None:
    number = entry_id(two[0], "b")
    for typed in (f"%23{number}", str(number)):
        assert changes_in(clerk.get(f"{LEDGER}?q={typed}")) == ["+50"]


def pages(clerk: Clerk, address: str, name: str) -> Iterator[list[str]]:
    """The column 变动, page after page; `name` is how the address names the key of the next one."""
    while True:
        answer = clerk.get(address)
        yield changes_in(answer)
        found = re.search(rf'href="([^"]*\b{name}=\d+)', answer.text)
        if found is None:
            return
        address = found[1].replace("&amp;", "&").partition("#")[0]


def test_every_entry_stands_on_one_page(clerk: Clerk, two: tuple[int, int]) -> None:
    with transaction():
        for number in range(1, 61):  # all of one moment
            posting.credit(two[1], number, reason=GIFT, reference=f"n{number}")
    of_reason = list(pages(clerk, f"{LEDGER}?reason=test_gift&sign=in", "after"))
    assert [len(page) for page in of_reason] == [25, 25, 13]
    expected = [f"+{number}" for number in range(60, 0, -1)]
    assert list(chain(*of_reason)) == [*expected, "+70", "+50", "+300"]
    of_account = list(pages(clerk, account(two[1]), "entries"))
    assert [len(page) for page in of_account] == [20, 20, 20, 1]
    assert list(chain(*of_account)) == [*expected, "+70"]
    assert changes_in(clerk.get(f"{LEDGER}?after=999999")) == []


def test_the_same_as_a_file(clerk: Clerk, two: tuple[int, int]) -> None:
    services.adjust(two[0], 5, why="=1+1", reference="c", actor="staff:li")
    answer = clerk.get(f"{LEDGER}?q={number_of(two[0])}&sign=in&format=csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == [
        "流水号", "时间", "会员号", "账户序号", "事由", "变动", "余额", "凭据", "说明", "经手",
    ]  # fmt: skip
    number = number_of(two[0])
    first = entry_id(two[0], "a")
    assert rows[1][2:] == [number, "4", "积分调整", "5", "35", "c", "'=1+1", "li"]
    assert rows[2][2:] == [number, "2", "测试赠送", "50", "350", "b", "", "系统"]
    assert rows[3] == [
        str(first), "2026-11-21 10:00:00", number, "1", "测试赠送", "300", "300", "a", "", "系统",
    ]  # fmt: skip


def test_a_long_file_is_read_in_pieces(
    clerk: Clerk, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("points_mall.ledger.explorer_pages.BATCH", 2)
    lines = clerk.get(f"{LEDGER}?format=csv").text.splitlines()
    assert [line.split(",")[5] for line in lines] == ["变动", "70", "-320", "50", "300"]


def test_an_account_shows_its_figures_lots_and_holds(clerk: Clerk, two: tuple[int, int]) -> None:
    with transaction():
        posting.hold(
            two[0], 10, reason=ORDER, reference="cake", expires_at=now() + timedelta(hours=1)
        )
    answer = clerk.get(account(two[0]))
    head = head_of(answer)
    seal = head.pop("哈希链末端")
    assert head == {
        "余额（流水合计）": "30",
        "可用": "20",
        "冻结": "10",
        "待生效": "0",
        "待还": "0",
        "有剩余的批次": "1",
        "流水笔数": "3",
    }
    assert re.fullmatch("相符 [0-9a-f]{8}", seal)
    assert changes_in(answer) == ["−320", "+50", "+300"]
    lots = answer.text.split('id="lots"')[1].split('id="holds"')[0]
    assert re.findall(r'data-name="(?:当初|剩余|其中冻结)" class="figure">(\d+)<', lots) == [
        "50", "30", "10",
        "300", "0", "0",
    ]  # fmt: skip
    assert re.findall("有剩余</span>|已用完</span>", lots) == ["有剩余</span>", "已用完</span>"]
    holds = answer.text.split('id="holds"')[1]
    assert "cake" in holds
    assert "冻结中" in holds
    drawn = answer.text.split('id="entries"')[1].split('id="lots"')[0]
    assert re.findall(r"批次 #\d+</a> (\S+?)<", drawn) == ["−300", "−20"]


def test_an_entry_tells_which_credit_funded_it(clerk: Clerk, two: tuple[int, int]) -> None:
    spent, given = entry_id(two[0], "sweets"), entry_id(two[0], "a")
    answer = clerk.get(f"{LEDGER}/entries/{spent}")
    assert head_of(answer)["余额：之前 → 之后"] == "350 → 30"
    assert "名称：&lt;b&gt;糖&lt;/b&gt;" in answer.text
    assert "数量：2" in answer.text
    drew = answer.text.split("动用了哪些积分")[-1]
    assert re.findall(r'data-name="积分" class="figure">(\S+?)<', drew) == ["−300", "−20"]
    assert f'href="{LEDGER}/entries/{given}"' in drew
    went = clerk.get(f"{LEDGER}/entries/{given}").text.split("这些积分用到了哪里")[-1]
    assert f'href="{LEDGER}/entries/{spent}">测试兑换</a>' in went
    assert re.findall(r'data-name="积分" class="figure">(\S+?)<', went) == ["−300"]


def test_an_entry_and_what_undid_it_lead_to_each_other(clerk: Clerk, two: tuple[int, int]) -> None:
    with transaction():
        posting.restore(two[0], reason=ORDER, reference="sweets", by="cancel:sweets")
    spent, back = entry_id(two[0], "sweets"), entry_id(two[0], "cancel:sweets")
    assert (
        f'被撤销于 <a href="{LEDGER}/entries/{back}">'
        in clerk.get(f"{LEDGER}/entries/{spent}").text
    )
    assert (
        f'撤销了 <a href="{LEDGER}/entries/{spent}">' in clerk.get(f"{LEDGER}/entries/{back}").text
    )


def test_an_entry_leads_to_its_purchase_and_tells_the_rule(
    clerk: Clerk, two: tuple[int, int]
) -> None:
    done = record_purchase(Paid(TILL, "receipt-7", 3800, now(), two[1]))
    number = entry_id(two[1], "purchase:till:receipt-7")
    page = clerk.get(f"{LEDGER}/entries/{number}").text
    assert f'href="/admin/purchases/{done.purchase_no}"' in page
    assert "取整 rounding" in page


def test_a_draw_leads_to_its_wheel() -> None:
    found = of_draw(LedgerEntry(reference="draw:D1", explanation={"wheel": 7}))
    assert found is not None
    assert found.href == "/admin/wheels/7"
    assert of_draw(LedgerEntry(reference="draw:D1", explanation=None)) is None


def test_a_sound_account_is_found_so_and_the_audit_says_who_asked(
    clerk: Clerk, two: tuple[int, int]
) -> None:
    before = contents(db.session())
    answer = clerk.post(account(two[0], "/check"))
    assert (answer.status_code, answer.location) == (303, f"{account(two[0])}?told=checked")
    page = clerk.get(account(two[0])).text
    assert "一致" in page
    assert "不一致" not in page
    after = {"entries": 3, "differences": 0, "found": []}
    assert acts_of("ledger.check") == [
        ("staff:the-manager", f"points_account:{number_of(two[0])}", None, after, None)
    ]
    clerk.post(account(two[0], "/check"))
    assert acts_of("ledger.check")[1][2:4] == (after, after)
    assert contents(db.session()) == before


def test_a_lot_that_was_meddled_with_is_found(clerk: Clerk, two: tuple[int, int]) -> None:
    with transaction() as session:
        lot = session.scalars(sa.select(PointsLot).where(PointsLot.granted == 50)).one()
        lot.remaining, lot_id = 31, lot.id
    clerk.post(account(two[0], "/check"))
    page = clerk.get(account(two[0])).text
    assert "不一致" in page
    assert f"lot {lot_id}: remaining" in page
    ((*_, after, _why),) = acts_of("ledger.check")
    assert after["differences"] == 2
    assert after["found"] == [
        {"what": f"lot {lot_id}: remaining", "expected": "30", "stored": "31"},
        {"what": "available + held", "expected": "31", "stored": "30"},
    ]
    clerk.post(account(two[1], "/check"))
    assert acts_of("ledger.check")[1][3]["differences"] == 0, "the other one's is sound"


def test_an_entry_that_was_changed_is_seen_at_once(clerk: Clerk, two: tuple[int, int]) -> None:
    number = entry_id(two[1], "a")
    with transaction() as session:
        lower_guards(session)
        session.execute(sa.update(LedgerEntry).where(LedgerEntry.id == number).values(actor="me"))
        raise_guards(session)
    assert head_of(clerk.get(account(two[1])))["哈希链末端"].startswith("不符")
    assert head_of(clerk.get(f"{LEDGER}/entries/{number}"))["封印"].startswith("不符")


def test_an_account_too_long_is_left_to_the_command(
    clerk: Clerk, two: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_checking, "MOST_ENTRIES", 2)
    before = acts_count()
    answer = clerk.post(account(two[0], "/check"))
    assert answer.status_code == 409
    assert "flask ledger verify" in answer.text
    assert acts_count() == before


def test_a_member_without_an_account_has_an_empty_page(app: Flask, clerk: Clerk) -> None:
    number = new_member_no()
    with transaction() as session:
        session.add(Member(member_no=number, joined_at=START))
    assert "还没有积分流水" in clerk.get(LEDGER).text
    assert "没有符合条件的流水" in clerk.get(f"{LEDGER}?q={number}").text
    assert "这位会员还没有积分账户" in clerk.get(f"{LEDGER}/accounts/{number}").text
    assert clerk.post(f"{LEDGER}/accounts/{number}/check").status_code == 303
    assert acts_of("ledger.check")[0][3] == {"entries": 0, "differences": 0, "found": []}


@pytest.mark.parametrize("path", ["/accounts/123", "/entries/999999", "/entries/x"])
def test_what_there_is_not_is_not_found(app: Flask, clerk: Clerk, path: str) -> None:
    assert clerk.get(f"{LEDGER}{path}").status_code == 404


def test_editors_do_not_look_into_the_books(app: Flask, two: tuple[int, int]) -> None:
    editor = Clerk(app, "editor")
    assert editor.get(LEDGER).status_code == 403
    assert editor.post(account(two[0], "/check")).status_code == 403
    assert LEDGER not in editor.get("/admin/members").text


def test_a_foreign_form_checks_nothing(clerk: Clerk, two: tuple[int, int]) -> None:
    assert clerk.post(account(two[0], "/check"), proof=False).status_code == 403
    assert acts_of("ledger.check") == []


def test_the_members_page_leads_to_the_account(clerk: Clerk, two: tuple[int, int]) -> None:
    answer = clerk.get(f"/admin/members/{number_of(two[0])}/ledger")
    assert (answer.status_code, answer.location) == (302, account(two[0]))
