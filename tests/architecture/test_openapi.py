"""The OpenAPI document in docs/ is the one that the application serves."""

import json
from pathlib import Path

from flask.testing import FlaskClient

WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def test_the_written_document_is_the_served_one(client: FlaskClient) -> None:
    served = client.get("/openapi.json").get_json()
    written = json.loads(WRITTEN.read_text(encoding="utf-8"))
    assert written == served, "run: make openapi"
