import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.repeats.jobs import forget_answers
from miniprogram_api.repeats.models import IdempotencyRecord
from miniprogram_api.repeats.records import (
    Answer,
    Claim,
    IdempotencyKeyReused,
    RequestInProgress,
    claim_all,
    fingerprint,
    forget_before,
    forget_member,
    store_all,
)

from .conftest import rows_written

PATH = "/api/v1/trials"
KEY = "order-0001"


def place(
    caller: FlaskClient, key: str | None = KEY, member: int = 7, **body: object
) -> TestResponse:
    headers = {"X-Member": str(member)} | ({"Idempotency-Key": key} if key is not None else {})
    return caller.post(PATH, json={"points": 5} | body, headers=headers)


def records() -> list[tuple[str, str]]:
    db.session.rollback()
    chosen = sa.select(IdempotencyRecord.scope, IdempotencyRecord.key)
    return [(row.scope, row.key) for row in db.session.execute(chosen)]


def test_a_repeat_gets_the_first_answer_and_moves_nothing(caller: FlaskClient) -> None:
    first = place(caller, name="红包🧧")
    again = place(caller, name="红包🧧")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json == {"points": 5, "name": "红包🧧"}
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert rows_written() == 1


def test_the_order_of_fields_is_no_difference(caller: FlaskClient) -> None:
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
    caller.post(PATH, data='{"points":5,"name":"a"}', headers=headers)
    again = caller.post(PATH, data='{ "name": "\\u0061", "points": 5 }', headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert rows_written() == 1


def test_another_body_under_the_same_key_is_refused(caller: FlaskClient) -> None:
    place(caller)
    answer = place(caller, points=6)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    assert rows_written() == 1


def test_another_path_under_the_same_key_is_refused(caller: FlaskClient) -> None:
    caller.post(PATH, json={"points": 5}, headers={"Idempotency-Key": KEY})
    answer = caller.post(f"{PATH}/bare", headers={"Idempotency-Key": KEY})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency_key_reused")
    assert rows_written() == 1


def test_another_member_may_choose_the_same_key(caller: FlaskClient) -> None:
    assert place(caller, member=7).status_code == 201
    answer = place(caller, member=8, points=6)
    assert (answer.status_code, rows_written()) == (201, 2)
    assert sorted(records()) == [("member:7", KEY), ("member:8", KEY)]


def test_an_answer_without_a_body_is_repeated_as_such(caller: FlaskClient) -> None:
    first, again = (caller.post(f"{PATH}/bare", headers={"Idempotency-Key": KEY}) for _ in "12")
    assert (first.status_code, again.status_code, rows_written()) == (204, 204, 1)
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_invalid"),
        ("short77", "idempotency_key_invalid"),
        ("k" * 256, "idempotency_key_invalid"),
        ("with a blank", "idempotency_key_invalid"),
        ("with\ttab-12345", "idempotency_key_invalid"),
        ("schlüssel-0001", "idempotency_key_invalid"),
    ],
)
def test_a_key_that_is_none_is_refused(caller: FlaskClient, key: str | None, code: str) -> None:
    answer = place(caller, key)
    assert (answer.status_code, answer.get_json()["code"]) == (400, code)
    assert (rows_written(), records()) == (0, [])


def test_two_keys_at_once_are_none(caller: FlaskClient) -> None:
    headers = [("Idempotency-Key", "order-0001"), ("Idempotency-Key", "order-0002")]
    answer = caller.post(PATH, json={"points": 5}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency_key_invalid")


@pytest.mark.parametrize("key", ["k" * 8, "k" * 255, "~!@#$%^&*()_+"])
def test_the_longest_the_shortest_and_the_oddest_key_are_taken(
    caller: FlaskClient, key: str
) -> None:
    assert place(caller, key).status_code == 201


def test_a_refusal_moves_nothing_and_is_judged_anew(caller: FlaskClient) -> None:
    refused = place(caller, refuse=True)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "trial_refused")
    assert (rows_written(), records()) == (0, [])
    assert place(caller).status_code == 201


def test_of_a_crowd_with_one_key_one_is_carried_out(trials: Flask) -> None:
    answers: list[tuple[int, str]] = []
    gate = threading.Barrier(12)

    def ask() -> None:
        gate.wait()
        answer = place(trials.test_client())
        answers.append((answer.status_code, answer.headers.get("Idempotency-Replayed", "")))

    crowd = [threading.Thread(target=ask) for _ in range(12)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert rows_written() == 1
    assert answers.count((201, "")) == 1
    assert set(answers) <= {(201, ""), (201, "true"), (409, "")}
    assert len(answers) == 12


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_repeat_while_the_first_is_at_work_is_told_to_wait(trials: Flask) -> None:
    with transaction() as session:
        claim = Claim("member:7", KEY, fingerprint("POST", PATH, {"points": 5}))
        assert claim_all(session, [claim]) == [None]
        seen: list[TestResponse] = []
        thread = threading.Thread(target=lambda: seen.append(place(trials.test_client())))
        thread.start()
        thread.join()
    assert (seen[0].status_code, seen[0].get_json()["code"]) == (409, "request_in_progress")
    assert seen[0].headers["Retry-After"] == "1"


def test_many_claims_are_judged_at_once(app: Flask) -> None:
    old, fresh, twin = Claim("m:1", "k-old", "f1"), Claim("m:1", "k-new", "f2"), None
    twin = Claim("m:1", "k-new", "f2")
    with transaction() as session:
        store_all(session, [(old, Answer(201, {"n": 1}))])
    with transaction() as session:
        stolen = Claim("m:1", "k-old", "f9")
        foreign = Claim("m:2", "k-old", "f1")
        verdicts = claim_all(session, [old, stolen, fresh, twin, foreign])
    assert verdicts[0] == Answer(201, {"n": 1})
    assert isinstance(verdicts[1], IdempotencyKeyReused)
    assert verdicts[2] is None
    assert isinstance(verdicts[3], RequestInProgress)
    assert verdicts[4] is None


def test_old_records_are_forgotten_and_new_ones_kept(caller: FlaskClient) -> None:
    place(caller)
    assert forget_before(now() - timedelta(days=1)) == 0
    assert forget_before(now() + timedelta(seconds=1)) == 1
    assert records() == []


def test_after_seven_days_the_answers_are_gone(caller: FlaskClient) -> None:
    start = now()
    for number in range(3):
        place(caller, f"order-{number:04}")
    clock.set(start + timedelta(days=6))
    place(caller, "order-young")
    forget_answers({})
    assert len(records()) == 4
    clock.set(start + timedelta(days=7, seconds=60))
    forget_answers({})
    assert records() == [("member:7", "order-young")]


def test_a_member_who_leaves_takes_the_records_along(caller: FlaskClient) -> None:
    place(caller, member=7)
    place(caller, member=8)
    with transaction():
        assert forget_member(7) == 1
    assert records() == [("member:8", KEY)]
