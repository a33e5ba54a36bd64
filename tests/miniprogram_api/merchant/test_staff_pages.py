"""员工与权限: accounts opened, changed and closed by owners; one's own password and sessions."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.staff import accounts, sessions
from miniprogram_api.staff.models import Staff, StaffSession
from miniprogram_api.staff.signing_in import sign_in
from tests.miniprogram_api.staff.conftest import with_second_factor
from tests.office import Clerk, acts_count, acts_of

PASSWORD = "three blue umbrellas"
NEW = {"username": "chen", "name": "小陈", "role": "cashier", "store": "A1"}


@pytest.fixture
def wang(app: Flask) -> Clerk:
    return Clerk(app, "owner", "wang")


def person(username: str) -> Staff:
    db.session.rollback()
    return db.session.execute(sa.select(Staff).filter_by(username=username)).scalar_one()


def open_sessions(username: str) -> int:
    query = sessions.living_sessions(person(username).id)
    return len(db.session.scalars(query).all())


def test_a_new_account_has_a_password_that_is_shown_once_and_opens_the_door(wang: Clerk) -> None:
    answer = wang.post("/admin/staff/account/new", **NEW)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r"<code>([\w-]{16})</code>", answer.text)
    assert found is not None
    assert sign_in("chen", found[1], None, "test").role == "cashier"
    assert found[1] not in wang.get("/admin/staff/chen").text
    [(who, _subject, before, after, _why)] = acts_of("staff.add")
    assert (who, before) == ("staff:wang", None)
    assert after == {"role": "cashier", "store": "A1", "name": "小陈"}


@pytest.mark.parametrize(
    ("field", "value", "said", "status"),
    [
        ("username", "", "请填写", 422),
        ("username", "c", "至少 2 字", 422),
        ("username", "c" * 33, "最长 32 字", 422),
        ("username", "小陈陈", "用户名格式不正确", 422),
        ("username", "wang", "用户名已被使用", 409),
        ("name", "", "请填写", 422),
        ("name", "陈" * 33, "最长 32 字", 422),
        ("role", "king", "只能是", 422),
        ("store", "A" * 33, "最长 32 字", 422),
    ],
)
def test_an_account_that_cannot_be_is_refused_field_by_field(
    wang: Clerk, field: str, value: str, said: str, status: int
) -> None:
    before = acts_count()
    answer = wang.post("/admin/staff/account/new", **(NEW | {field: value}))
    assert answer.status_code == status
    assert said in answer.text
    assert ('value="小陈"' in answer.text) == (field != "name")
    assert acts_count() == before
    assert not accounts.exists("chen")


def test_a_role_is_changed_with_a_reason(wang: Clerk) -> None:
    accounts.add("chen", PASSWORD, "cashier", name="小陈", store="A1")
    sent = {"name": "陈店长", "role": "manager", "store": "", "reason": "升职"}
    assert wang.post("/admin/staff/chen", **sent).status_code == 303
    chen = person("chen")
    assert (chen.name, chen.role, chen.store) == ("陈店长", "manager", None)
    assert acts_of("staff.change")[0][2:] == (
        {"role": "cashier", "store": "A1", "name": "小陈"},
        {"role": "manager", "store": None, "name": "陈店长"},
        "升职",
    )
    refused = wang.post("/admin/staff/chen", **(sent | {"role": "owner", "reason": ""}))
    assert refused.status_code == 422
    assert person("chen").role == "manager"


@pytest.mark.parametrize("act", ["leave", "change"])
def test_the_last_owner_is_never_locked_out(wang: Clerk, act: str) -> None:
    before = acts_count()
    if act == "leave":
        answer = wang.post("/admin/staff/wang/leave", reason="退休")
    else:
        answer = wang.post("/admin/staff/wang", name="wang", role="editor", reason="休息")
    assert answer.status_code == 409
    assert "至少要保留一位老板" in answer.text
    assert (person("wang").role, person("wang").left_at) == ("owner", None)
    assert acts_count() == before


def test_who_has_left_signs_in_no_more_and_stays_in_the_books(wang: Clerk) -> None:
    accounts.add("chen", PASSWORD, "cashier")
    sign_in("chen", PASSWORD, None, "test")
    assert wang.post("/admin/staff/chen/leave", reason="离职").status_code == 303
    assert open_sessions("chen") == 0
    [(_who, _subject, before, after, why)] = acts_of("staff.leave")
    assert (before["works_here"], after["works_here"], why) == (True, False, "离职")
    assert "chen" not in wang.get("/admin/staff").text.split('id="rows"')[1]
    assert "chen" in wang.get("/admin/staff?state=left").text.split('id="rows"')[1]
    assert "已于" in wang.get("/admin/staff/chen").text


def test_a_new_password_ends_every_session_of_the_old_one(wang: Clerk) -> None:
    accounts.add("chen", PASSWORD, "cashier")
    sign_in("chen", PASSWORD, None, "test")
    answer = wang.post("/admin/staff/chen/password", reason="忘记密码")
    found = re.search(r"<code>([\w-]{16})</code>", answer.text)
    assert found is not None
    assert open_sessions("chen") == 0
    assert sign_in("chen", found[1], None, "test").username == "chen"
    assert acts_of("staff.set_password")[0][4] == "忘记密码"


def test_without_a_reason_a_password_stays(wang: Clerk) -> None:
    accounts.add("chen", PASSWORD, "cashier")
    assert wang.post("/admin/staff/chen/password", reason="").status_code == 422
    assert sign_in("chen", PASSWORD, None, "test").username == "chen"


def test_a_locked_account_is_opened_and_a_lost_second_factor_dropped(wang: Clerk) -> None:
    accounts.add("chen", PASSWORD, "cashier")
    with_second_factor("chen")
    with transaction():
        sa_row = db.session.execute(sa.select(Staff).filter_by(username="chen")).scalar_one()
        sa_row.locked_until = now().replace(year=now().year + 1)
    assert "已锁定" in wang.get("/admin/staff").text
    assert wang.post("/admin/staff/chen/unlock", reason="本人来电").status_code == 303
    assert wang.post("/admin/staff/chen/second-factor", reason="手机丢失").status_code == 303
    chen = person("chen")
    assert (chen.locked_until, chen.otp_sealed) == (None, None)
    unlocked, dropped = acts_of("staff.unlock")[0], acts_of("staff.second_factor_off")[0]
    assert (unlocked[2]["is_locked"], unlocked[3]["is_locked"]) == (True, False)
    assert (dropped[2]["has_second_factor"], dropped[3]["has_second_factor"]) == (True, False)


def test_an_owner_ends_a_session_of_somebody_else(app: Flask, wang: Clerk) -> None:
    li = Clerk(app, "manager", "li")
    number = db.session.execute(sa.select(StaffSession.id).filter_by(staff_id=li.staff_id)).scalar()
    wrong = wang.post(f"/admin/staff/wang/sessions/{number}/end")
    assert (wrong.status_code, li.get("/admin/me").status_code) == (303, 200)
    assert wang.post(f"/admin/staff/li/sessions/{number}/end").status_code == 303
    assert li.get("/admin/me").status_code == 401
    assert acts_of("staff.end_session")[0][1] == f"staff:{li.staff_id}"


@pytest.mark.parametrize("role", ["cashier", "editor", "manager"])
def test_only_owners_keep_the_staff(app: Flask, role: str) -> None:
    accounts.add("chen", PASSWORD, "cashier")
    clerk, before = Clerk(app, role), acts_count()
    for path in ("/admin/staff", "/admin/staff/chen", "/admin/staff/account/new"):
        assert clerk.get(path).status_code == 403
    assert clerk.post("/admin/staff/chen/leave", reason="x").status_code == 403
    assert clerk.post("/admin/staff/account/new", **(NEW | {"username": "mei"})).status_code == 403
    assert acts_count() == before


# ------------------------------------------------------------------ my account


class Mine(Clerk):
    """Somebody with a password of their own."""

    def __post_init__(self) -> None:
        accounts.add("chen", PASSWORD, "cashier", name="<script>alert(1)</script>")
        self.username = "chen"
        super().__post_init__()

    def change(self, **sent: str) -> int:
        kept = {"password": PASSWORD, "new": "seven green apples", "again": "seven green apples"}
        return self.post("/admin/me/password", **(kept | sent)).status_code


@pytest.fixture
def chen(app: Flask) -> Mine:
    return Mine(app)


def test_my_password_is_changed_and_only_my_other_sessions_end(chen: Mine) -> None:
    sign_in("chen", PASSWORD, None, "phone")
    assert open_sessions("chen") == 2
    assert chen.change() == 303
    assert chen.get("/admin/me").status_code == 200
    assert open_sessions("chen") == 1
    assert sign_in("chen", "seven green apples", None, "test").username == "chen"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"password": "not my password"}, 401),
        ({"again": "seven red apples"}, 422),
        ({"new": "short", "again": "short"}, 422),
        ({"new": "1234567890", "again": "1234567890"}, 422),
        ({"new": ""}, 422),
        ({"password": ""}, 422),
        ({"new": "x" * 129}, 422),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    chen: Mine, sent: dict[str, str], status: int
) -> None:
    assert chen.change(**sent) == status
    assert sign_in("chen", PASSWORD, None, "test").username == "chen"


def test_no_password_is_ever_written_back_into_the_page(chen: Mine) -> None:
    answer = chen.post("/admin/me/password", password=PASSWORD, new="one two three", again="four")
    assert answer.status_code == 422
    for secret in (PASSWORD, "one two three"):
        assert secret not in answer.text


def test_my_second_factor_is_turned_off_only_with_password_and_code(chen: Mine) -> None:
    totp = with_second_factor("chen")
    wrong = chen.post("/admin/me/second-factor/drop", drop_password=PASSWORD, drop_otp="000000")
    assert wrong.status_code == 401
    assert person("chen").otp_sealed is not None
    code = totp.at(now() + timedelta(seconds=30))  # none is taken twice
    right = chen.post("/admin/me/second-factor/drop", drop_password=PASSWORD, drop_otp=code)
    assert right.status_code == 303
    assert person("chen").otp_sealed is None


def test_names_are_shown_as_text(chen: Mine, app: Flask) -> None:
    for page in (chen.get("/admin/me"), Clerk(app, "owner").get("/admin/staff")):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
