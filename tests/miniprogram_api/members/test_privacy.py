"""What is personal is sealed, never logged, given to its owner, and gone when the account is closed."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.db import Base, db
from miniprogram_api.members import exports
from miniprogram_api.members.events import member_closing
from tests.services.wechat import Simulator

OPENID, UNIONID = "oLi-who-shops-on-Saturdays-01", "uLi-of-all-the-programs-of-ours"
PHONE, NICKNAME, BIRTHDAY = "13800138000", "爱喝茶的小李", "1990-02-28"
ME = "/api/v1/members/me"


class Needles:
    """What must not be found, in every spelling that a file or a log line may use."""

    def __init__(self, *words: str) -> None:
        escaped = [json.dumps(word)[1:-1] for word in words]
        self.spellings = {
            spelling.encode(form)
            for spelling in {*words, *escaped, *(repr(word)[1:-1] for word in words)}
            for form in ("utf-8", "utf-16-le")
        }

    def found_in(self, haystack: bytes) -> list[bytes]:
        return sorted(needle for needle in self.spellings if needle in haystack)


@pytest.fixture
def log_lines(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Every line that the application logs, as an operator sees it: by the logger, or directly."""
    [handler] = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    lines = io.StringIO()
    before = handler.setStream(lines)
    monkeypatch.setattr(sys, "stderr", lines)
    yield lines
    handler.setStream(before or io.StringIO())


class Li:
    """A member who does everything that a member can do about the account."""

    def __init__(self, client: FlaskClient, simulator: Simulator) -> None:
        self.client, self.simulator = client, simulator
        simulator.control("users", openid=OPENID, bound=True)
        self.tokens: list[str] = []
        self.codes: list[str] = []
        self.log_in()

    def log_in(self) -> None:
        self.codes.append(self.simulator.login_code(OPENID))
        answer = self.client.post("/api/v1/sessions", json={"code": self.codes[-1]})
        assert answer.status_code == 201, answer.text
        self.tokens.append(answer.get_json()["access_token"])

    def ask(self, verb: str, path: str = "", body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[-1]}"}
        return self.client.open(ME + path, method=verb, json=body, headers=headers)

    def live(self) -> None:
        self.ask("PUT", body={"nickname": NICKNAME, "birthday": BIRTHDAY})
        self.codes.append(self.simulator.phone_code(OPENID, PHONE))
        assert self.ask("POST", "/phone", {"code": self.codes[-1]}).status_code == 200
        self.ask("POST", "/consents", {"document": "privacy", "version": "1", "given": True})
        self.log_in()

    def meet_trouble(self) -> None:
        """Calls that fail in every way there is, with personal data in hand."""
        self.ask("POST", "/phone", {"code": self.codes[-1]})
        self.ask("PUT", body={"nickname": NICKNAME * 9})
        self.ask("PUT", body={"nickname": NICKNAME, "phone": PHONE})
        self.client.post("/api/v1/sessions", json={"code": self.codes[0]})
        self.client.post("/api/v1/sessions", json={"code": OPENID})
        self.client.get(f"/api/v1/members/{OPENID}?phone={PHONE}&nickname={NICKNAME}")
        faults: list[dict[str, Any]] = [
            {"kind": "reset"},
            {"kind": "http_error", "status": 502},
            {"kind": "nonsense", "what": "html"},
        ]
        for fault in faults:
            self.simulator.fault(times=1, **fault)
            self.ask("PUT", body={"nickname": NICKNAME})
            self.simulator.mend()


@pytest.fixture
def li(client: FlaskClient, simulator: Simulator, log_lines: io.StringIO) -> Li:
    member = Li(client, simulator)
    member.live()
    return member


PERSONAL = Needles(OPENID, UNIONID, PHONE, NICKNAME, BIRTHDAY)


def _rows() -> bytes:
    db.session.rollback()
    rows = [db.session.execute(sa.select(table)).all() for table in Base.metadata.sorted_tables]
    return repr(rows).encode()


def _database_bytes(app: Flask) -> bytes:
    """Everything in the database: the raw file of SQLite, every row of PostgreSQL."""
    url = sa.make_url(app.extensions["settings"].database_url)
    if url.get_backend_name() != "sqlite":
        return _rows()
    db.session.rollback()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        connection.rollback()
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(str(url.database))
    return b"".join(part.read_bytes() for part in sorted(path.parent.glob(f"{path.name}*")))


def _redis_bytes(url: str) -> bytes:
    """The whole of Redis as its own dump file, not compressed."""
    with redis.Redis.from_url(url) as client:
        client.config_set("rdbcompression", "no")
        client.save()
        settings = client.config_get("*")
        dump: Path = Path(settings["dir"]) / settings["dbfilename"]
        return dump.read_bytes()


def test_the_owner_gets_everything(li: Li) -> None:
    exported = li.ask("GET", "/export").get_json()
    member_no = li.ask("GET").get_json()["member_no"]
    assert exported["profile"] == {
        "member_no": member_no,
        "nickname": NICKNAME,
        "birthday": BIRTHDAY,
        "phone": f"+86{PHONE}",
        "joined_at": li.ask("GET").get_json()["joined_at"],
    }
    [identity] = exported["identities"]
    assert (identity["appid"], identity["openid"]) == ("wx0000000000000001", OPENID)
    assert identity["unionid"]
    [consent] = exported["consents"]
    assert (consent["document"], consent["version"], consent["given"]) == ("privacy", "1", True)
    assert len(exported["sessions"]) == 2
    for secret in (*li.tokens, *li.codes):
        assert secret not in json.dumps(exported)


def test_features_add_what_they_know(li: Li, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_parts", dict(exports._parts))
    exports.register("check_ins", lambda member_id: [{"member": member_id}])
    assert list(li.ask("GET", "/export").get_json()["check_ins"][0]) == ["member"]


def test_a_phone_number_is_never_at_rest_in_clear(app: Flask, li: Li) -> None:
    raw = _database_bytes(app)
    assert Needles(PHONE).found_in(raw) == []
    assert NICKNAME.encode() in raw or repr(NICKNAME)[1:-1].encode() in raw  # the search can find


def test_logs_hold_nothing_personal_and_no_secret(
    app: Flask, li: Li, log_lines: io.StringIO
) -> None:
    li.meet_trouble()
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as a shop runs, not as a test

    def fail(**_facts: object) -> None:
        db.session.execute(
            sa.text("INSERT INTO member (nickname) VALUES (:nickname)"), {"nickname": NICKNAME}
        )

    member_closing.connect(fail)
    try:
        assert li.ask("DELETE").status_code == 500
    finally:
        member_closing._handlers.remove(fail)
    lines = log_lines.getvalue()
    assert "IntegrityError" in lines
    assert lines.count("\n") >= 12
    secrets = Needles(
        *li.tokens, *li.codes, *(str(app.config[key]) for key in ("SECRET_KEYS", "WX_SECRET"))
    )
    assert PERSONAL.found_in(lines.encode()) == []
    assert secrets.found_in(lines.encode()) == []


def test_after_erasure_nothing_personal_is_found(
    app: Flask, li: Li, redis_server: str, log_lines: io.StringIO, simulator: Simulator
) -> None:
    unionid = simulator.world.shopper(OPENID).unionid
    needles = Needles(OPENID, str(unionid), PHONE, NICKNAME, BIRTHDAY)
    member_no = li.ask("GET").get_json()["member_no"]
    assert needles.found_in(_database_bytes(app)) != []
    li.meet_trouble()
    assert li.ask("DELETE").status_code == 204
    raw = _database_bytes(app)
    assert needles.found_in(raw) == []
    assert needles.found_in(_redis_bytes(redis_server)) == []
    assert needles.found_in(log_lines.getvalue().encode()) == []
    assert member_no.encode() in raw  # the bare number stays, so the search does search
