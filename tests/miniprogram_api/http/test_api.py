from typing import Any

import pytest
from flask import Flask

from app import create_app
from tests.miniprogram_api.http import trial


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document with the trial feature in it."""
    app: Flask = create_app({"ENVIRONMENT": "test", "TESTING": True})
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    api.register_blueprint(trial.blp)
    answer = app.test_client().get("/openapi.json")
    return dict(answer.get_json())


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{verb} {path}": operation
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if verb in {"get", "post", "put", "delete"}
    }


def codes(operation: dict[str, Any], status: str) -> list[str]:
    content = operation["responses"][status]["content"]["application/problem+json"]
    return list(content["schema"]["properties"]["code"]["enum"])


def test_the_document_is_openapi_3_1_and_has_nothing_of_flask_smorests_own(
    document: dict[str, Any],
) -> None:
    assert document["openapi"] == "3.1.0"
    assert "PaginationMetadata" not in document["components"]["schemas"]
    assert "responses" not in document["components"]


def test_every_tag_that_is_worn_is_explained(document: dict[str, Any]) -> None:
    explained = {tag["name"] for tag in document["tags"] if tag["description"]}
    worn = {tag for operation in operations(document).values() for tag in operation["tags"]}
    assert worn == explained


def test_every_refusal_is_a_problem_with_its_codes(document: dict[str, Any]) -> None:
    for operation in operations(document).values():
        refusals = [status for status in operation["responses"] if status >= "400"]
        assert {"400", "429", "503"} <= set(refusals)
        assert all(codes(operation, status) for status in refusals)
        assert "default" not in operation["responses"]


def test_waiting_is_documented_with_its_header(document: dict[str, Any]) -> None:
    for operation in operations(document).values():
        assert "Retry-After" in operation["responses"]["429"]["headers"]
        assert "Retry-After" in operation["responses"]["503"]["headers"]


def test_an_idempotent_call_documents_its_key_and_what_it_refuses(
    document: dict[str, Any],
) -> None:
    place = operations(document)["post /api/v1/trials"]
    [key] = [given for given in place["parameters"] if given["in"] == "header"]
    assert (key["name"], key["required"]) == ("Idempotency-Key", True)
    assert codes(place, "400") == [
        "bad_request",
        "idempotency_key_invalid",
        "idempotency_key_missing",
        "malformed_json",
    ]
    assert codes(place, "409") == ["request_in_progress", "trial_refused"]
    assert codes(place, "413") == ["payload_too_large"]
    assert codes(place, "415") == ["unsupported_media_type"]
    assert codes(place, "422") == ["idempotency_key_reused", "validation_failed"]


def test_a_guarded_call_documents_who_may_call_and_what_the_guard_refuses(
    document: dict[str, Any],
) -> None:
    show = operations(document)["get /api/v1/members/me"]
    assert show["security"] == [{"member": []}]
    assert codes(show, "401") == [
        "token_expired",
        "token_invalid",
        "token_missing",
        "token_revoked",
    ]
    assert document["components"]["securitySchemes"]["member"] == {
        "type": "http",
        "scheme": "bearer",
    }
    assert "security" not in operations(document)["post /api/v1/trials"]


def test_a_path_with_an_id_may_lead_nowhere(document: dict[str, Any]) -> None:
    show = operations(document)["get /api/v1/trials/{trial_id}"]
    assert codes(show, "404") == ["not_found"]
    [given] = document["paths"]["/api/v1/trials/{trial_id}"]["parameters"]
    assert given["schema"] == {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}
