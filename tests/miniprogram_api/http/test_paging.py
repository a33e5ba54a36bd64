from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from miniprogram_api.repeats.records import Answer, Claim, store_all

PATHS = ("/api/v1/trials", "/api/v1/trials/by-moment")
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


@pytest.fixture
def seven(trials: Flask) -> FlaskClient:
    """Seven records; the fifth and sixth were made at the same moment."""
    for number in range(1, 8):
        clock.set(NOON + timedelta(microseconds=5 if number == 6 else number))
        write(number)
    return trials.test_client()


def write(number: int) -> None:
    with transaction() as session:
        store_all(session, [(Claim("m:1", f"key-{number}", "f"), Answer(201, {}))])


def keys_of(page: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["key"].removeprefix("key-") for item in page["items"]]


@pytest.mark.parametrize("path", PATHS)
def test_pages_show_every_item_once_newest_first(seven: FlaskClient, path: str) -> None:
    first = seven.get(f"{path}?limit=3").get_json()
    second = seven.get(f"{path}?limit=3&cursor={first['next_cursor']}").get_json()
    third = seven.get(f"{path}?limit=3&cursor={second['next_cursor']}").get_json()
    assert [keys_of(first), keys_of(second), keys_of(third)] == [list("765"), list("432"), ["1"]]
    assert third["next_cursor"] is None


@pytest.mark.parametrize("path", PATHS)
def test_what_arrives_meanwhile_moves_nothing(seven: FlaskClient, path: str) -> None:
    first = seven.get(f"{path}?limit=3").get_json()
    write(8)
    second = seven.get(f"{path}?limit=3&cursor={first['next_cursor']}").get_json()
    assert keys_of(second) == list("432")


def test_a_page_that_just_fits_is_the_last(seven: FlaskClient) -> None:
    assert seven.get("/api/v1/trials?limit=7").get_json()["next_cursor"] is None


def test_items_carry_text_ids_and_shop_moments(seven: FlaskClient) -> None:
    [item] = seven.get("/api/v1/trials?key=key-3").get_json()["items"]
    assert item == {"id": "3", "key": "key-3", "created_at": "2026-11-21T12:00:00+08:00"}


def test_an_empty_list_is_a_page(caller: FlaskClient) -> None:
    assert caller.get("/api/v1/trials").get_json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=-1", "limit"),
        ("limit=abc", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%EF%BC%91", "limit"),
        ("limit=1.0", "limit"),
        ("limit=+1", "limit"),
        ("limit=1%00", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=", "limit"),
        ("limit=5&limit=6", "limit"),
        ("limit[]=5", "limit[]"),
        ("cursor=", "cursor"),
        ("cursor=UPPER", "cursor"),
        ("cursor=1-1", "cursor"),
        ("cursor=zzzzzzzzzzzzz", "cursor"),
        ("cursor=%EF%BC%91", "cursor"),
        ("cursor=1'--", "cursor"),
        ("page=2", "page"),
        ("key=%00", "key"),
    ],
)
def test_a_query_that_makes_no_sense_names_the_field(
    caller: FlaskClient, query: str, field: str
) -> None:
    answer = caller.get(f"/api/v1/trials?{query}")
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (422, "validation_failed")
    assert list(problem["errors"]["query"]) == [field]


@pytest.mark.parametrize("cursor", ["zzzzzzzzzzzz", "0", "1"])
def test_a_cursor_of_ones_own_invention_does_no_harm(seven: FlaskClient, cursor: str) -> None:
    assert seven.get(f"/api/v1/trials?cursor={cursor}").status_code == 200
    moment = seven.get(f"/api/v1/trials/by-moment?cursor={cursor[:11]}-{cursor}")
    assert moment.status_code == 200
