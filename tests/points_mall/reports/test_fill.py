"""Filling a shop with invented members: quickly, and as posting would have left it."""

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.crypto import blind_index
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import phone_of
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import is_member_no
from miniprogram_api.members.search import find
from points_mall.ledger import audit as ledger_audit
from points_mall.ledger.models import LedgerEntry
from points_mall.reports import mass
from points_mall.reports.figures import member_figures

from .conftest import differences, earn, enrol


def fill(app: Flask, members: int, entries: int) -> str:
    arguments = ["reports", "fill", "--members", str(members), "--entries", str(entries)]
    done = app.test_cli_runner().invoke(args=arguments)
    assert done.exit_code == 0, done.output
    db.session.rollback()
    return done.output


def test_what_is_filled_in_passes_both_audits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mass, "BLOCK", 40)
    fill(app, 100, 900)
    assert list(ledger_audit.findings(db.session())) == []
    assert differences() == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 100
    assert (db.session.scalar(sa.select(sa.func.count()).select_from(LedgerEntry)) or 0) >= 900
    assert member_figures().open_count <= 100


def test_the_invented_are_found_and_go_on_living(app: Flask) -> None:
    fill(app, 20, 60)
    named = db.session.scalars(
        sa.select(Member).where(Member.phone_sealed.is_not(None)).limit(1)
    ).one()
    phone = phone_of(named) or ""
    assert blind_index(phone, "member.phone") == named.phone_index
    assert is_member_no(named.member_no)
    assert named.id in [one.id for one in find(named.nickname or "").members]
    assert [one.id for one in find(phone).members] == [named.id]
    earn(named.id, 10, "alive")
    newcomer = enrol()[0]
    assert newcomer == 21
    assert list(ledger_audit.findings(db.session())) == []


def test_a_shop_with_members_is_not_filled(app: Flask) -> None:
    enrol()
    arguments = ["reports", "fill", "--members", "5", "--entries", "5"]
    refused = app.test_cli_runner().invoke(args=arguments)
    assert refused.exit_code == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Member)) == 1
