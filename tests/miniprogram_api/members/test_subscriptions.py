"""Which messages a member can accept, over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import bearer, enrolled_member

ADDRESS = "/api/v1/members/me/subscriptions"


@pytest.fixture
def headers(app: object) -> dict[str, str]:
    return bearer(enrolled_member("o-subscriber"))


def told(answer: TestResponse) -> Any:
    return answer.json


def accepted(client: FlaskClient, headers: dict[str, str]) -> dict[str, int]:
    answer = client.get(ADDRESS, headers=headers)
    assert answer.status_code == 200
    return {one["kind"]: one["accepted"] for one in told(answer)["items"]}


def test_each_kind_has_a_title_in_the_callers_language(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    items = told(client.get(ADDRESS, headers={**headers, "Accept-Language": "en"}))["items"]
    titles = {one["kind"]: one["title"] for one in items}
    assert titles["points_expiring"] == "Points are about to expire"


def test_an_accepted_prompt_counts_once_however_often_it_is_reported(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    keyed = {**headers, "Idempotency-Key": "prompt-0001"}
    first = client.post(ADDRESS, headers=keyed, json={"template_ids": ["points_expiring"]})
    again = client.post(ADDRESS, headers=keyed, json={"template_ids": ["points_expiring"]})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert accepted(client, headers)["points_expiring"] == 1


@pytest.mark.parametrize("ids", [[], ["a", "b", "c", "d"], ["模板"], "points_expiring", [1]])
def test_what_no_prompt_can_have_accepted_is_refused(
    client: FlaskClient, headers: dict[str, str], ids: object
) -> None:
    keyed = {**headers, "Idempotency-Key": "prompt-0002"}
    answer = client.post(ADDRESS, headers=keyed, json={"template_ids": ids})
    assert (answer.status_code, told(answer)["code"]) == (422, "validation_failed")
