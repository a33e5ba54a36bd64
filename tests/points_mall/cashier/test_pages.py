"""What serves the till's page: guarded, the same for everybody, kept where it may be kept."""

import json
import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.staff import accounts
from points_mall.cashier import pages

PASSWORD = "three blue umbrellas"
MODULE_LINES = 250


def signed_in(app: Flask, username: str = "chen", role: str = "cashier") -> FlaskClient:
    accounts.add(username, PASSWORD, role, name="小陈", store="S01")
    client = app.test_client()
    form = {"username": username, "password": PASSWORD, "next": "/pos"}
    assert client.post("/staff/sign-in", data=form).headers["Location"] == "/pos"
    return client


def test_the_page_is_for_staff(client: FlaskClient) -> None:
    page = client.get("/pos", headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert 'action="/staff/sign-in"' in page.text
    assert 'name="next" value="/pos"' in page.text
    assert client.get("/pos/session").status_code == 401


def test_the_page_says_nothing_about_anybody(app: Flask) -> None:
    page = signed_in(app).get("/pos")
    assert page.status_code == 200
    assert "小陈" not in page.text
    assert "csrf" not in page.text
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page.text) == []
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")


def test_the_session_is_told_to_its_owner_and_kept_by_nobody(app: Flask) -> None:
    client = signed_in(app)
    answer = client.get("/pos/session")
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert told["staff"] == {
        "username": "chen",
        "name": "小陈",
        "role": "cashier",
        "store": "S01",
    }
    assert client.post("/staff/sign-out").status_code == 403
    proof = {"X-CSRF-Token": told["csrf_token"]}
    assert client.post("/staff/sign-out", headers=proof).status_code == 303
    assert client.get("/pos/session").status_code == 401


def test_every_file_is_served_under_an_address_that_changes_with_any_of_them(
    client: FlaskClient,
) -> None:
    version = pages.FILES.version
    for name in pages.FILES.files():
        with client.get(f"/pos/assets/{version}/{name}") as answer:
            assert answer.status_code == 200, name
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    with client.get("/pos/assets/000000000000/main.js") as other:
        assert "immutable" not in other.headers["Cache-Control"]
    assert client.get(f"/pos/assets/{version}/../pages.py").status_code == 404
    assert client.get(f"/pos/assets/{version}/nothing.js").status_code == 404


def test_the_service_worker_keeps_every_file_and_no_call(client: FlaskClient) -> None:
    answer = client.get("/pos/worker.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Service-Worker-Allowed"] == "/pos"
    assert answer.headers["Cache-Control"] == "no-cache"
    kept = json.loads(answer.text.partition("self.KEPT = ")[2].partition(";\n")[0])
    assert kept["version"] == pages.FILES.version
    assert len(kept["files"]) == len(pages.FILES.files()) + 1
    assert not any("/api/" in file for file in kept["files"])


def test_only_the_reader_of_barcodes_may_run_webassembly(client: FlaskClient) -> None:
    version = pages.FILES.version
    policies = {}
    for name in pages.FILES.files():
        with client.get(f"/pos/assets/{version}/{name}") as answer:
            policies[name] = answer.headers.get("Content-Security-Policy")
    assert {name for name, policy in policies.items() if policy} == {"camera_worker.js"}
    assert policies["camera_worker.js"] == pages.WORKER_POLICY


def test_modules_of_the_page_stay_small() -> None:
    long = {
        name: lines
        for name in pages.FILES.files()
        if name.endswith(".js")
        and (lines := len(Path(pages.FILES.path, name).read_text().splitlines())) > MODULE_LINES
    }
    assert long == {}
