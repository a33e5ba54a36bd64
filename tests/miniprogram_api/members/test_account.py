"""A member's own account over HTTP: profile, phone, consents, and nobody else's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.auth.services import forget_old_sessions
from miniprogram_api.core.clock import clock
from miniprogram_api.core.crypto import Undecipherable, new_key
from miniprogram_api.core.db import db, transaction
from miniprogram_api.jobs.models import Job
from miniprogram_api.members import profile
from miniprogram_api.members.accounts import member_by_no, phone_of, public_name
from miniprogram_api.members.consents import forget_old_consents
from miniprogram_api.members.jobs import check_nickname, keep_retention
from miniprogram_api.members.login import log_in
from miniprogram_api.members.models import Consent, Member
from miniprogram_api.members.services import CHECK_NICKNAME, close_account, reseal_phones
from miniprogram_api.wechat.answers import WeChatSession
from tests.services.wechat import Simulator

LI, WANG = "oLi-who-shops-on-Saturdays-01", "oWang-who-shops-on-Sundays-02"
ME = "/api/v1/members/me"


class Shopper:
    """A member with a phone in hand."""

    def __init__(self, app: Flask, simulator: Simulator, openid: str) -> None:
        self.openid, self.simulator, self.client = openid, simulator, app.test_client()
        session = self.client.post("/api/v1/sessions", json={"code": simulator.login_code(openid)})
        self.headers = {"Authorization": f"Bearer {session.get_json()['access_token']}"}
        self.member_no = session.get_json()["member"]["member_no"]

    @property
    def row(self) -> Member:
        db.session.rollback()
        return db.session.scalars(sa.select(Member).filter_by(member_no=self.member_no)).one()

    def ask(self, verb: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        answer = self.client.open(ME + path, method=verb, json=body, headers=self.headers)
        return answer.status_code, answer.get_json(silent=True)

    def problem(self, verb: str, path: str = "", body: Any = None) -> tuple[int, str]:
        status, told = self.ask(verb, path, body)
        return status, told["code"]

    def bind(self, phone: str) -> tuple[int, Any]:
        return self.ask("POST", "/phone", {"code": self.simulator.phone_code(self.openid, phone)})


@pytest.fixture
def li(app: Flask, simulator: Simulator) -> Shopper:
    return Shopper(app, simulator, LI)


@pytest.fixture
def wang(app: Flask, simulator: Simulator) -> Shopper:
    return Shopper(app, simulator, WANG)


# ------------------------------------------------------------------ profile


def test_a_profile_is_changed_in_what_is_named(li: Shopper) -> None:
    assert li.ask("PUT", body={"nickname": " 小李 "})[1]["nickname"] == "小李"
    status, member = li.ask("PUT", body={"birthday": "1990-02-28"})
    assert (status, member["nickname"], member["birthday"]) == (200, "小李", "1990-02-28")
    assert li.ask("PUT", body={"birthday": None})[1]["birthday"] is None
    assert li.ask("PUT", body={})[1]["nickname"] == "小李"
    assert li.ask("GET")[1]["nickname"] == "小李"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"nickname": "我爱赌博"}, "nickname_not_allowed"),
        ({"nickname": "\u200b"}, "nickname_not_allowed"),
        ({"nickname": ""}, "validation_failed"),
        ({"nickname": "李" * 33}, "validation_failed"),
        ({"nickname": 7}, "validation_failed"),
        ({"birthday": "2031-01-01"}, "birthday_not_allowed"),
        ({"birthday": "1800-01-01"}, "birthday_not_allowed"),
        ({"birthday": "1990-02-30"}, "validation_failed"),
        ({"birthday": "19900228"}, "validation_failed"),
        ({"member_no": "8000000000000000"}, "validation_failed"),
        ({"member_id": 1}, "validation_failed"),
        ({"points": {"available": 10**6}}, "validation_failed"),
        ({"tier": "gold"}, "validation_failed"),
        ({"closed_at": None}, "validation_failed"),
    ],
)
def test_what_cannot_be_changed_so(li: Shopper, body: dict[str, Any], code: str) -> None:
    li.ask("PUT", body={"nickname": "小李"})
    before = li.ask("GET")
    assert li.problem("PUT", body=body) == (422, code)
    assert li.ask("GET") == before


def test_a_checked_nickname_is_shown_to_all(li: Shopper) -> None:
    li.ask("PUT", body={"nickname": "小李"})
    assert public_name(li.row) == "小李"


def test_a_doubtful_nickname_is_shown_to_its_owner_alone(li: Shopper) -> None:
    assert li.ask("PUT", body={"nickname": "加微信领券"})[1]["nickname"] == "加微信领券"
    assert public_name(li.row) == f"会员{li.member_no[-4:]}"


def test_a_nickname_is_checked_later_while_wechat_is_away(
    li: Shopper, simulator: Simulator
) -> None:
    simulator.fault("http_error", status=502, path="/wxa/msg_sec_check")
    assert li.ask("PUT", body={"nickname": "小李"})[0] == 200
    assert public_name(li.row) == f"会员{li.member_no[-4:]}"
    [job] = db.session.scalars(sa.select(Job).filter_by(name=CHECK_NICKNAME))
    simulator.mend()
    check_nickname(job.payload)
    assert public_name(li.row) == "小李"


def test_a_nickname_found_risky_later_is_removed(li: Shopper, simulator: Simulator) -> None:
    simulator.fault("http_error", status=502, path="/wxa/msg_sec_check")
    li.ask("PUT", body={"nickname": "赌博高手"})
    simulator.mend()
    check_nickname({"member_id": li.row.id})
    assert li.row.nickname is None


def test_a_childs_birthday_needs_the_guardian(li: Shopper) -> None:
    clock.set(datetime(2026, 11, 21, 4, tzinfo=UTC))
    child = {"birthday": "2012-11-22"}
    li = Shopper(li.client.application, li.simulator, LI)
    assert li.problem("PUT", body=child) == (422, "guardian_consent_needed")
    assert li.ask("PUT", body={"birthday": "2012-11-21"})[0] == 200
    li.ask("POST", "/consents", {"document": "guardian", "version": "1", "given": True})
    assert li.ask("PUT", body=child)[1]["birthday"] == "2012-11-22"


def test_features_tell_their_part(li: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "_parts", dict(profile._parts))
    gold = {"code": "gold", "name": "金卡会员"}
    profile.register("tier", lambda member_id: gold if member_id == li.row.id else None)
    assert li.ask("GET")[1]["tier"] == gold


def test_a_member_is_found_by_number(li: Shopper) -> None:
    assert member_by_no(li.member_no).id == li.row.id


# ------------------------------------------------------------------ phone


def test_a_phone_is_bound_and_shown_masked(li: Shopper) -> None:
    assert li.bind("13800138000")[1]["phone_masked"] == "138****8000"
    assert phone_of(li.row) == "+8613800138000"
    assert "13800138000" not in (li.row.phone_sealed or "")


def test_a_phone_may_be_changed_and_bound_again(li: Shopper) -> None:
    li.bind("13800138000")
    sealed = li.row.phone_sealed
    assert li.bind("13800138000")[0] == 200
    assert li.row.phone_sealed == sealed
    assert li.bind("13900139000")[1]["phone_masked"] == "139****9000"


def test_one_phone_belongs_to_one_open_account(li: Shopper, wang: Shopper) -> None:
    li.bind("13800138000")
    status, told = wang.bind("13800138000")
    assert (status, told["code"]) == (409, "phone_taken")
    assert wang.row.phone_sealed is None
    li.ask("DELETE")
    assert wang.bind("13800138000")[0] == 200


@pytest.mark.slow
def test_a_crowd_binds_one_phone_once(app: Flask, simulator: Simulator) -> None:
    shoppers = [Shopper(app, simulator, f"oStranger-number-{n:011}") for n in range(8)]
    together = threading.Barrier(8)

    def bind(shopper: Shopper) -> int:
        together.wait()
        return shopper.bind("13800138000")[0]

    with ThreadPoolExecutor(8) as crowd:
        assert sorted(crowd.map(bind, shoppers)) == [200] + [409] * 7


@pytest.mark.parametrize("code", ["never-issued", "令牌"])
def test_what_is_no_phone_code(li: Shopper, code: str) -> None:
    assert li.problem("POST", "/phone", {"code": code}) == (422, "phone_code_invalid")
    assert li.row.phone_sealed is None


def test_wechat_is_asked_for_ten_numbers_an_hour_at_most(
    li: Shopper, wang: Shopper, simulator: Simulator
) -> None:
    problems = [li.problem("POST", "/phone", {"code": "never-issued"}) for _call in range(11)]
    assert problems == [(422, "phone_code_invalid")] * 10 + [(429, "slow_down")]
    assert len(simulator.seen("/getuserphonenumber")) == 10
    assert wang.bind("13800138000")[0] == 200


def test_a_phone_code_is_good_once(li: Shopper, simulator: Simulator) -> None:
    code = simulator.phone_code(LI, "13800138000")
    assert li.ask("POST", "/phone", {"code": code})[0] == 200
    assert li.problem("POST", "/phone", {"code": code}) == (422, "phone_code_invalid")


def test_a_login_code_is_no_phone_code(li: Shopper, simulator: Simulator) -> None:
    code = simulator.login_code(LI)
    assert li.problem("POST", "/phone", {"code": code}) == (422, "phone_code_invalid")


def test_a_ciphertext_in_another_row_does_not_decrypt(li: Shopper, wang: Shopper) -> None:
    li.bind("13800138000")
    wang.bind("13900139000")
    stolen = li.row.phone_sealed
    wangs_id = wang.row.id
    with transaction() as session:
        session.execute(sa.update(Member).filter_by(id=wangs_id).values(phone_sealed=stolen))
    with pytest.raises(Undecipherable):
        phone_of(wang.row)


def test_phones_are_resealed_with_a_new_key(app: Flask, li: Shopper, wang: Shopper) -> None:
    li.bind("13800138000")
    wang.bind("13900139000")
    settings = app.extensions["settings"]
    object.__setattr__(settings, "field_keys", f"t2:{new_key()},{settings.field_keys}")
    assert reseal_phones(at_most=1) == (1, li.row.id)
    result = app.test_cli_runner().invoke(args=["members", "reseal-phones"])
    assert (result.exit_code, result.output) == (0, "1 resealed\n")
    object.__setattr__(settings, "field_keys", settings.field_keys.partition(",")[0])
    assert phone_of(li.row) == "+8613800138000"
    assert li.bind("13800138000")[1]["phone_masked"] == "138****8000"


# ------------------------------------------------------------------ consents


def test_consents_are_given_and_withdrawn(li: Shopper) -> None:
    agreed = {"document": "marketing", "version": "1", "given": True}
    assert li.ask("POST", "/consents", agreed)[0] == 201
    assert li.ask("POST", "/consents", agreed)[0] == 201
    assert li.ask("POST", "/consents", agreed | {"given": False})[0] == 201
    items = {item["document"]: item for item in li.ask("GET", "/consents")[1]["items"]}
    assert list(items) == ["terms", "privacy", "marketing", "guardian"]
    assert items["marketing"]["given"] is False
    assert items["marketing"]["version"] == "1"
    assert items["terms"] == {
        "document": "terms",
        "current_version": "1",
        "given": False,
        "version": None,
        "at": None,
    }
    history = db.session.scalars(sa.select(Consent.given).order_by(Consent.id)).all()
    assert history == [True, False]


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        ({"document": "soul", "version": "1", "given": True}, (422, "unknown_document")),
        ({"document": "terms", "version": "0", "given": True}, (409, "document_outdated")),
        ({"document": "terms", "version": "1"}, (422, "validation_failed")),
        ({"document": "terms", "version": "1", "given": "yes"}, (422, "validation_failed")),
        ({"document": "terms", "version": "1", "given": 1}, (422, "validation_failed")),
        ({"document": "terms", "version": 1, "given": True}, (422, "validation_failed")),
    ],
)
def test_what_cannot_be_agreed_to(
    li: Shopper, act: dict[str, Any], problem: tuple[int, str]
) -> None:
    assert li.problem("POST", "/consents", act) == problem
    assert db.session.scalars(sa.select(Consent)).all() == []


def test_an_old_version_may_be_withdrawn(app: Flask, li: Shopper) -> None:
    agreed = {"document": "terms", "version": "1", "given": True}
    li.ask("POST", "/consents", agreed)
    object.__setattr__(app.extensions["settings"], "consent_documents", "terms:2")
    [item] = li.ask("GET", "/consents")[1]["items"]
    assert (item["given"], item["version"], item["current_version"]) == (True, "1", "2")
    status, told = li.ask("POST", "/consents", agreed | {"given": False})
    assert (status, told["items"][0]["given"]) == (201, False)


# ------------------------------------------------------------------ nobody else's


def test_no_call_reaches_another_member(li: Shopper, wang: Shopper) -> None:
    """Every route of the account is `me`: no id in a path, and ids elsewhere are refused."""
    wangs_id = str(wang.row.id)
    before = (wang.ask("GET"), wang.ask("GET", "/consents"), len(wang.row.member_no))
    li.ask("PUT", body={"nickname": "小李"})
    li.bind("13800138000")
    act = {"document": "terms", "version": "1", "given": True}
    li.ask("POST", "/consents", act)
    for more in ({"member_id": wangs_id}, {"member_no": wang.member_no}, {"id": wangs_id}):
        assert li.ask("PUT", body={"nickname": "小王", **more})[0] == 422
        assert li.ask("POST", "/consents", {**act, **more})[0] == 422
        li.client.get(f"{ME}?member_id={wangs_id}", headers=li.headers)
    for path in (f"/{wangs_id}", f"/../{wangs_id}", f"/{wang.member_no}"):
        assert li.ask("GET", path)[0] == 404
    exported = li.ask("GET", "/export")[1]
    assert exported["profile"]["member_no"] == li.member_no
    assert [one["openid"] for one in exported["identities"]] == [LI]
    li.client.delete("/api/v1/sessions", headers=li.headers)
    assert (wang.ask("GET"), wang.ask("GET", "/consents"), len(wang.row.member_no)) == before


# ------------------------------------------------------------------ closing, retention


def test_a_closed_account_answers_no_more(li: Shopper, wang: Shopper) -> None:
    li.bind("13800138000")
    assert li.ask("DELETE") == (204, None)
    assert li.problem("GET") == (401, "token_revoked")
    assert li.problem("DELETE") == (401, "token_revoked")
    row = li.row
    assert (row.nickname, row.phone_sealed, row.phone_index, row.birthday) == (None,) * 4
    assert row.closed_at is not None
    assert wang.ask("GET")[0] == 200


def test_a_call_that_was_under_way_finds_the_account_closed(
    app: Flask, li: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_account(li.row.id)
    monkeypatch.setattr("miniprogram_api.auth.revocation.is_revoked", lambda _session_id: False)
    act = {"document": "terms", "version": "1", "given": True}
    assert li.problem("GET") == (410, "account_closed")
    assert li.problem("PUT", body={"birthday": None}) == (410, "account_closed")
    assert li.problem("POST", "/consents", act) == (410, "account_closed")
    assert li.problem("GET", "/export") == (410, "account_closed")
    assert li.problem("DELETE") == (410, "account_closed")


def test_records_are_forgotten_when_their_time_is_over(app: Flask) -> None:
    clock.set(datetime(2026, 11, 21, 4, tzinfo=UTC))
    member_id = log_in(WeChatSession(LI), "iphone").member_id
    with transaction() as session:
        session.add(
            Consent(member_id=member_id, document="terms", version="1", given=True, at=clock.now())
        )
    close_account(member_id)
    clock.set(datetime(2026, 12, 20, 4, tzinfo=UTC))
    assert (forget_old_sessions(), forget_old_consents()) == (0, 0)
    clock.set(datetime(2026, 12, 22, 4, tzinfo=UTC))
    assert (forget_old_sessions(), forget_old_consents()) == (1, 0)
    clock.set(datetime(2029, 11, 22, 4, tzinfo=UTC))
    keep_retention({})
    assert db.session.scalars(sa.select(Consent)).all() == []
    assert db.session.get_one(Member, member_id).closed_at is not None
