"""Whatever a client sends is refused by a documented problem, and nothing has moved."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.evidence import database_fingerprint

from .conftest import rows_written
from .test_json_body import NOT_STRICT_JSON

PATH = "/api/v1/trials"
HEADERS = {"Idempotency-Key": "order-0001", "Content-Type": "application/json"}

BODIES: dict[str, tuple[bytes, int, str]] = {
    **{name: (raw, 400, "malformed_json") for name, raw in NOT_STRICT_JSON.items()},
    "depth 100,000": (NOT_STRICT_JSON["depth 100,000"], 413, "payload_too_large"),
    "true for a number": (b'{"points":true}', 422, "validation_failed"),
    "1.5 for a number": (b'{"points":1.5}', 422, "validation_failed"),
    "text for a number": (b'{"points":"1"}', 422, "validation_failed"),
    "a list for a number": (b'{"points":[1]}', 422, "validation_failed"),
    "an object for a number": (b'{"points":{"$gt":0}}', 422, "validation_failed"),
    "null for a number": (b'{"points":null}', 422, "validation_failed"),
    "zero": (b'{"points":0}', 422, "validation_failed"),
    "minus zero": (b'{"points":-0}', 422, "validation_failed"),
    "minus one": (b'{"points":-1}', 422, "validation_failed"),
    "2^31": (b'{"points":2147483648}', 422, "validation_failed"),
    "2^53 + 1": (b'{"points":9007199254740993}', 422, "validation_failed"),
    "2^63 - 1": (b'{"points":9223372036854775807}', 422, "validation_failed"),
    "a float": (b'{"points":1e-3}', 422, "validation_failed"),
    "nothing in it": (b"{}", 422, "validation_failed"),
    "a name of a number": (b'{"points":1,"name":1}', 422, "validation_failed"),
    "a name of a list": (b'{"points":1,"name":["a"]}', 422, "validation_failed"),
    "a name with a line break": (b'{"points":1,"name":"a\\r\\nb"}', 422, "validation_failed"),
    "a name read backwards": (b'{"points":1,"name":"\\u202eab"}', 422, "validation_failed"),
    "a day that does not exist": (b'{"points":1,"day":"2026-02-29"}', 422, "validation_failed"),
    "a moment without offset": (
        b'{"points":1,"at":"2026-11-21T10:00:00"}',
        422,
        "validation_failed",
    ),
    "an id as a number": (b'{"points":1,"friend_id":7}', 422, "validation_failed"),
    "an unknown field": (b'{"points":1,"balance":9}', 422, "validation_failed"),
    "a field of the row": (b'{"points":1,"member_id":8}', 422, "validation_failed"),
    "a field of Python": (b'{"points":1,"__class__":{}}', 422, "validation_failed"),
    "more than we read": (
        b'{"points":1,"name":"' + b"a" * 70_000 + b'"}',
        413,
        "payload_too_large",
    ),
}


# How a request is read has nothing to do with the database: one of the two is enough.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def unmoved(trials: Flask) -> Iterator[FlaskClient]:
    """A client whose every request must leave the database as it was."""
    before = database_fingerprint()
    yield trials.test_client()
    assert database_fingerprint() == before
    assert rows_written() == 0


@ON_SQLITE
@pytest.mark.parametrize(("raw", "status", "code"), BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_is_refused(unmoved: FlaskClient, raw: bytes, status: int, code: str) -> None:
    answer = unmoved.post(PATH, data=raw, headers=HEADERS)
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def test_no_bad_body_moves_anything(unmoved: FlaskClient) -> None:
    answers = {
        name: unmoved.post(PATH, data=raw, headers=HEADERS).status_code
        for name, (raw, _, _) in BODIES.items()
    }
    assert answers == {name: status for name, (_, status, _) in BODIES.items()}


@ON_SQLITE
def test_a_bad_field_is_named(unmoved: FlaskClient) -> None:
    body = {"points": 0, "day": "x", "role": "admin"}
    errors = unmoved.post(PATH, json=body, headers=HEADERS).get_json()["errors"]
    assert sorted(errors["json"]) == ["day", "points", "role"]
    assert errors["json"]["role"] == ["Unknown field."]


@ON_SQLITE
@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("multipart/form-data; boundary=x", None),
        ("application/xml", None),
        ("application/merge-patch+json", None),
        ("application/json; charset=utf-16", None),
        ("application/json; charset=gbk", None),
        ("", None),
        ("x" * 5000, None),
        ("application/json", "gzip"),
    ],
)
def test_a_body_sent_as_something_else_is_refused(
    unmoved: FlaskClient, content_type: str, encoding: str | None
) -> None:
    headers = {"Idempotency-Key": "order-0001"} | (
        {"Content-Encoding": encoding} if encoding else {}
    )
    answer = unmoved.post(PATH, data=b'{"points":1}', content_type=content_type, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media_type")


@ON_SQLITE
@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=UTF-8", "APPLICATION/JSON", 'application/json; x="y"'],
)
def test_json_in_utf8_is_taken_however_it_is_spelt(caller: FlaskClient, content_type: str) -> None:
    headers = {"Idempotency-Key": "order-0001"}
    answer = caller.post(PATH, data=b'{"points":1}', content_type=content_type, headers=headers)
    assert answer.status_code == 201


@ON_SQLITE
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/trials/0",
        "/api/v1/trials/-1",
        "/api/v1/trials/01",
        "/api/v1/trials/1_0",
        "/api/v1/trials/%EF%BC%91",
        "/api/v1/trials/1%00",
        "/api/v1/trials/1;a=b",
        "/api/v1/trials/1%2F2",
        "/api/v1/trials/" + "9" * 5000,
        "/api/v1/trials/..%2f..%2fetc%2fpasswd",
        "/api/v1/trials/%ff%fe",
        "/api/v1/trials/{{7*7}}",
        "/api/v1/trials/7",
        "/api//v1/trials",
        "/api/v1/trials/",
    ],
)
def test_a_path_to_nowhere_is_not_found(unmoved: FlaskClient, path: str) -> None:
    answer = unmoved.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


@ON_SQLITE
@pytest.mark.parametrize("verb", ["PATCH", "PUT", "DELETE", "TRACE", "PROPFIND", "BREW"])
def test_a_verb_that_we_do_not_know_is_told_which_we_do(unmoved: FlaskClient, verb: str) -> None:
    answer = unmoved.open(PATH, method=verb)
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


FORGED: list[dict[str, str]] = [
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-Forwarded-For": "1.2.3.4'; DROP TABLE member"},
    {"X-Real-IP": "::ffff:127.0.0.1"},
    {"Host": "evil.example"},
    {"Accept-Language": "en" * 4000},
    {"Accept-Language": "zh-" + "x-" * 2000},
    {"Cookie": "lang=" + "x" * 4000},
    {"Cookie": ";;==;lang"},
    {"X-Request-Id": "x" * 65},
    {"X-Request-Id": "forged'><script>"},
    {"X-Request-Id": "two lines?"},
]


@ON_SQLITE
@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: str(headers)[:50])
def test_headers_that_lie_are_not_believed(caller: FlaskClient, headers: dict[str, str]) -> None:
    answer = caller.get(PATH, headers=headers)
    assert answer.status_code == 200
    assert len(answer.headers["X-Request-Id"]) == 24
    assert "evil" not in answer.text


def test_text_of_all_kinds_comes_back_to_the_letter(caller: FlaskClient) -> None:
    for number, name in enumerate(
        ["'; DROP TABLE x", "{{7*7}}", "${jndi:ldap}", "<b>&amp;", "👩‍👧"]
    ):
        headers = {"Idempotency-Key": f"order-{number:04}"}
        body: dict[str, Any] = {"points": 1, "name": name}
        assert caller.post(PATH, json=body, headers=headers).json == body
