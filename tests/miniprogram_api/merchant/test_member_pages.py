"""会员 · the list of members and the page of one: who is found, what is shown, who may look."""

import csv
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.names import follow_nickname
from miniprogram_api.members.services import close_account
from miniprogram_api.merchant import notes
from miniprogram_api.risk import blocks
from miniprogram_api.risk.subjects import Kind
from points_mall.reports import services as reports
from tests.office import Clerk, acts_count, acts_of
from tests.points_mall.cashier.desk import coupon_of, number_of, open_shop, shopper

TABS = ("points", "coupons", "wallet", "orders", "draws", "habits", "notes")
SCRIPT = "<script>alert(1)</script>"


def named(nickname: str, phone: str | None = None, points: int = 0, principal_fen: int = 0) -> str:
    """A member who is found by name; the number."""
    member_id = shopper(nickname=nickname, phone=phone, points=points, principal_fen=principal_fen)
    with transaction():
        follow_nickname(member_id, nickname)
    return number_of(member_id)


@pytest.fixture
def people(app: Flask) -> list[str]:
    """Three members' numbers, the oldest first."""
    open_shop()
    return [
        named("张爱华", "+8613800135991", points=120, principal_fen=12_850),
        named("朱伟", "+8618612342028"),
        named("张小伟", "+8615800135992"),
    ]


def shown(clerk: Clerk, query: str = "") -> list[str]:
    """The numbers in the list, as it shows them."""
    page = clerk.get(f"/admin/members{query}")
    assert page.status_code == 200
    return [part.split('"')[0] for part in page.text.split('class="who" href="/admin/members/')[1:]]


def test_members_stand_in_the_list_the_newest_first_with_their_figures(
    app: Flask, people: list[str]
) -> None:
    coupon_of(1, "min15")
    clerk = Clerk(app, "editor")
    assert shown(clerk) == people[::-1]
    text = clerk.get("/admin/members?q=张爱华").text
    for told in ("138****5991", "120", "¥128.50", "普通会员", "张爱华"):
        assert told in text
    assert "13800135991" not in text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("张", [2, 0]),
        ("小伟", [2]),
        ("13800135991", [0]),
        ("5991", [0]),
        ("0000", []),
        ("没有这人", []),
        ("%", []),
    ],
)
def test_members_are_found_by_what_is_typed(
    app: Flask, people: list[str], typed: str, found: list[int]
) -> None:
    clerk = Clerk(app, "editor")
    assert shown(clerk, f"?q={typed}") == [people[place] for place in found]


def test_a_member_is_found_by_number(app: Flask, people: list[str]) -> None:
    assert shown(Clerk(app, "editor"), f"?q={people[1]}") == [people[1]]


def test_blocked_and_closed_members_are_shown_alone_on_request(
    app: Flask, people: list[str]
) -> None:
    blocks.block(Kind.MEMBER, "2", reason="脚本", actor="tests")
    close_account(3)
    clerk = Clerk(app, "editor")
    assert shown(clerk, "?state=blocked") == [people[1]]
    assert shown(clerk, "?state=closed") == [people[2]]
    assert shown(clerk, "?state=open") == [people[1], people[0]]
    assert shown(clerk, "?state=nonsense") == people[::-1]
    assert "已封禁" in clerk.get("/admin/members?state=blocked").text
    assert "已注销会员" in clerk.get("/admin/members?state=closed").text


def test_a_page_follows_the_one_before_and_leaves_nobody_out(app: Flask) -> None:
    numbers = [named(f"会员{place}") for place in range(30)]
    clerk = Clerk(app, "editor")
    first = shown(clerk)
    assert first == numbers[:4:-1]
    assert shown(clerk, "?after=6") == numbers[4::-1]
    assert 'href="/admin/members?after=6"' in clerk.get("/admin/members").text
    assert shown(clerk, "?q=会员1&after=12") == [*numbers[10:9:-1], numbers[1]]


@pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "1.5", "１"])
def test_a_page_after_nonsense_is_the_first(app: Flask, people: list[str], after: str) -> None:
    assert shown(Clerk(app, "editor"), f"?after={after}") == people[::-1]


def test_how_lively_a_member_is_follows_from_the_days_since(app: Flask, people: list[str]) -> None:
    clerk = Clerk(app, "editor")
    clock.set(now())
    with transaction() as session:
        session.execute(sa.update(Member).values(joined_at=now()))
    reports.recount_all()
    assert "共 3 位" in clerk.get("/admin/members").text
    for days, told, lively in ((0, "今天", "活跃"), (29, "29 天前", "活跃"), (30, "30 天前", "渐少"),
                               (59, "59 天前", "渐少"), (60, "60 天前", "沉睡")):  # fmt: skip
        clock.set(now() + timedelta(days=days))
        clerk = Clerk(app, "editor", username=f"on-day-{days}")
        text = clerk.get(f"/admin/members/{people[0]}").text
        assert told in text
        assert lively in text
        clock.set(now() - timedelta(days=days))


def test_the_list_is_taken_away_as_a_file_with_masked_phones_and_written_down(
    app: Flask, people: list[str]
) -> None:
    named('=cmd|"calc"')
    answer = Clerk(app, "manager").post("/admin/members/list.csv", q="", state="open")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == [
        "会员号",
        "昵称",
        "手机",
        "等级",
        "积分",
        "券",
        "余额",
        "订单",
        "最近活动",
        "状态",
        "入会",
    ]
    assert rows[4][:7] == [people[0], "张爱华", "138****5991", "普通会员", "120", "0", "¥128.50"]
    assert rows[1][1] == '\'=cmd|"calc"'
    assert "13800135991" not in answer.text
    assert acts_of("member.export_list") == [
        ("staff:the-manager", "members", None, {"by": None, "state": "open"}, None)
    ]


def test_what_was_sought_is_not_written_down(app: Flask, people: list[str]) -> None:
    answer = Clerk(app, "manager").post("/admin/members/list.csv", q="13800135991")
    assert answer.text.count("\r\n") == 2
    assert acts_of("member.export_list")[0][3] == {"by": "phone"}


def test_an_editor_looks_and_takes_nothing_away(app: Flask, people: list[str]) -> None:
    clerk = Clerk(app, "editor")
    before = acts_count()
    assert clerk.post("/admin/members/list.csv").status_code == 403
    assert "list.csv" not in clerk.get("/admin/members").text
    page = clerk.get(f"/admin/members/{people[0]}").text
    for act in ("adjust", "coupons", "tier", "block", "erase", "export"):
        assert f"/admin/members/{people[0]}/{act}" not in page
    assert acts_count() == before


def test_a_cashier_does_not_look(app: Flask, people: list[str]) -> None:
    clerk = Clerk(app, "cashier")
    for path in ("", f"/{people[0]}", f"/{people[0]}/tabs/points"):
        assert clerk.get(f"/admin/members{path}").status_code == 403


def test_the_head_of_a_members_page(app: Flask, people: list[str]) -> None:
    text = Clerk(app, "owner").get(f"/admin/members/{people[0]}").text
    for told in ("张爱华", people[0], "138****5991", "120", "¥128.50", "普通会员"):
        assert told in text
    for act in ("adjust", "coupons", "tier", "block", "erase", "export"):
        assert f"/admin/members/{people[0]}/{act}" in text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(app: Flask, people: list[str], tab: str, lang: str) -> None:
    clerk = Clerk(app, "editor", lang=lang)
    answer = clerk.get(f"/admin/members/{people[0]}/tabs/{tab}")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert f"/tabs/{tab}" in clerk.get(f"/admin/members/{people[0]}?tab={tab}").text


def test_a_closed_account_keeps_its_books_and_nothing_personal(
    app: Flask, people: list[str]
) -> None:
    close_account(2)
    clerk = Clerk(app, "owner")
    text = clerk.get(f"/admin/members/{people[1]}").text
    assert "已注销会员" in text
    assert "朱伟" not in text
    assert "/adjust" not in text
    for tab in TABS:
        assert clerk.get(f"/admin/members/{people[1]}/tabs/{tab}").status_code == 200


def test_what_is_not_there_is_not_found(app: Flask, people: list[str]) -> None:
    clerk = Clerk(app, "editor")
    for path in ("/8000000000000000", "/x", f"/{people[0]}/tabs/secrets"):
        assert clerk.get(f"/admin/members{path}").status_code == 404


def test_script_in_what_people_typed_is_shown_as_text(app: Flask) -> None:
    open_shop()
    number = named(SCRIPT)
    notes.write(1, SCRIPT)
    blocks.block(Kind.MEMBER, "1", reason=SCRIPT, actor="tests")
    clerk = Clerk(app, "owner")
    paths = ["", f"/{number}", f"/{number}/adjust", f"/{number}/block", f"/{number}/erase",
             f"/{number}/tier", f"/{number}/coupons", *(f"/{number}/tabs/{tab}" for tab in TABS)]  # fmt: skip
    for path in paths:
        text = clerk.get(f"/admin/members{path}").text
        assert SCRIPT not in text
    assert "&lt;script&gt;" in clerk.get(f"/admin/members/{number}/tabs/notes").text
