"""Whom each figure of members on the dashboard leads to, and how the list of members is filtered."""

import csv
import io
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import db, transaction
from miniprogram_api.members.models import Member
from miniprogram_api.members.names import follow_nickname
from miniprogram_api.members.services import close_account
from miniprogram_api.merchant.listing import PAGE_ROWS
from points_mall.tiers.services import set_tier
from tests.office import Clerk, acts_of

from .conftest import DAY, START, counted, enrol

AGES = (0, 1, 29, 30, 31, 59, 60, 61, 89, 90, 200)
"""How many days ago each of the members did something last: the first joined last."""


@pytest.fixture
def aged(app: Flask) -> dict[int, int]:
    """Members by the days since they joined and did nothing more; now is ten at night in the shop."""
    ids: dict[int, int] = {}
    for days in reversed(AGES):
        clock.set(START - days * DAY)
        [ids[days]] = enrol()
    clock.set(START + timedelta(hours=12))
    counted()
    return ids


def listed(clerk: Clerk, address: str) -> list[int]:
    """The ids of all members of a list, page after page."""
    found: list[str] = []
    following: str | None = address
    while following:
        page = clerk.get(following).text
        found += re.findall(r'class="who" href="/admin/members/(\w+)"', page)
        onward = re.search(r'href="([^"]*after=[^"]*)"', page)
        following = onward[1].replace("&amp;", "&") if onward else None
    db.session.rollback()
    known = {
        no: number for number, no in db.session.execute(sa.select(Member.id, Member.member_no))
    }
    return [known[number] for number in found]


def tiles(clerk: Clerk) -> dict[str, int]:
    """Where the dashboard's figures of members lead, and how many they say."""
    text = clerk.get("/admin/panels/figures").text
    name = r"(?:\s*<span[^>]*>[^<]*</span>\s*<strong[^>]*>)?"
    found = re.findall(rf'href="(/admin/members[^"]*)"[^>]*>{name}([^<]*)<', text)
    return {address: int(re.findall(r"\d+", said)[-1]) for address, said in found}


@pytest.mark.parametrize(
    ("value", "ages"),
    [
        ("active", [0, 1, 29]),
        ("idle-30", [30, 31, 59, 60, 61, 89, 90, 200]),
        ("idle-60", [60, 61, 89, 90, 200]),
        ("idle-90", [90, 200]),
        ("new", [0, 1, 29]),
        ("nonsense", list(AGES)),
    ],
)
def test_members_are_filtered_by_how_long_they_did_nothing(
    app: Flask, aged: dict[int, int], value: str, ages: list[int]
) -> None:
    found = listed(Clerk(app, "editor"), f"/admin/members?lively={value}")
    assert found == [aged[days] for days in ages]


def test_every_figure_of_members_leads_to_exactly_those_whom_it_counts(
    app: Flask, aged: dict[int, int]
) -> None:
    for _ in range(PAGE_ROWS):
        enrol()
    close_account(aged[1])  # joined of late, and left again
    close_account(aged[90])
    counted()
    clerk = Clerk(app, "editor")
    told = tiles(clerk)
    assert told == {
        "/admin/members?state=open": len(AGES) - 2 + PAGE_ROWS,
        "/admin/members?lively=new": 3 + PAGE_ROWS,
        "/admin/members?lively=active": 2 + PAGE_ROWS,
        "/admin/members?lively=idle-60": 4,
    }
    for address, count in told.items():
        assert len(listed(clerk, address)) == count, address


def test_a_span_of_the_settings_can_be_asked_for(app: Flask, aged: dict[int, int]) -> None:
    object.__setattr__(app.extensions["settings"], "member_dormant_days", 31)
    clerk = Clerk(app, "editor")
    assert "/admin/members?lively=idle-31" in tiles(clerk)
    assert len(listed(clerk, "/admin/members?lively=idle-31")) == 7


def test_members_are_filtered_by_tier_together_with_all_else(
    app: Flask, aged: dict[int, int]
) -> None:
    with transaction():
        follow_nickname(aged[0], "王小丽")
        follow_nickname(aged[60], "王大明")
        follow_nickname(aged[90], "王小明")
    for days in (0, 60, 90, 200):
        set_tier(aged[days], "gold")
    close_account(aged[200])
    counted()
    clerk = Clerk(app, "editor")

    def ages(query: str) -> list[int]:
        by_id = {number: days for days, number in aged.items()}
        return [by_id[one] for one in listed(clerk, f"/admin/members?{query}")]

    assert ages("tier=gold") == [0, 60, 90]
    assert ages("tier=gold&lively=idle-60") == [60, 90]
    assert ages("tier=gold&lively=idle-60&q=小") == [90]
    assert ages("tier=gold&lively=active") == [0]
    assert ages("q=王&lively=idle-60") == [60, 90]
    assert ages("tier=regular") == [1, 29, 30, 31, 59, 61, 89]
    assert ages("tier=gold&state=closed") == []


def test_whoever_has_just_joined_is_not_called_dormant(app: Flask, aged: dict[int, int]) -> None:
    enrol()
    clerk = Clerk(app, "editor")
    assert "待统计" in clerk.get("/admin/members").text
    assert "待统计" not in clerk.get("/admin/members?lively=active").text


def test_what_is_filtered_is_what_the_file_holds_and_what_is_written_down(
    app: Flask, aged: dict[int, int]
) -> None:
    clerk = Clerk(app, "manager")
    page = clerk.get("/admin/members?lively=idle-90&tier=regular").text
    assert '<input type="hidden" name="lively" value="idle-90">' in page
    answer = clerk.post("/admin/members/list.csv", lively="idle-90", tier="regular", state="")
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 3
    assert acts_of("member.export_list") == [
        (
            "staff:the-manager",
            "members",
            None,
            {"by": None, "lively": "idle-90", "tier": "regular"},
            None,
        )
    ]


def test_filters_are_offered_in_both_languages(app: Flask, aged: dict[int, int]) -> None:
    chinese = Clerk(app, "editor").get("/admin/members").text
    english = Clerk(app, "editor", lang="en").get("/admin/members").text
    for told in ("活跃（30 天内）", "90 天以上没有动静", "近 30 天新增", "全部等级"):
        assert told in chinese
    for told in ("Active (within 30 days)", "Nothing for 90 days or more", "Any tier"):
        assert told in english
