import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from miniprogram_api.http.problem_list import all_problems
from miniprogram_api.pages.shell import STATIC, Folder, show_instead_of


@pytest.fixture(scope="module")
def shop() -> Flask:
    """The application; its pages ask no database."""
    return create_app({"ENVIRONMENT": "test", "TESTING": True})


@pytest.fixture
def browser(shop: Flask) -> FlaskClient:
    return shop.test_client()


def test_the_welcome_page_speaks_chinese_first(browser: FlaskClient) -> None:
    page = browser.get("/")
    assert page.status_code == 200
    assert 'lang="zh-CN"' in page.text
    assert "接口文档" in page.text
    assert 'href="/docs"' in page.text


def test_the_switch_to_english_is_remembered(browser: FlaskClient) -> None:
    assert "API documentation" in browser.get("/?lang=en").text
    assert "API documentation" in browser.get("/").text
    assert "接口文档" in browser.get("/?lang=zh").text


@pytest.mark.parametrize(
    ("environment", "base", "is_there"),
    [
        ("demo", "http://127.0.0.1:8001", True),
        ("demo", "https://api.weixin.qq.com", False),
        ("test", "http://127.0.0.1:8001", False),
    ],
)
def test_a_demo_leads_to_the_shoppers_phone(environment: str, base: str, is_there: bool) -> None:
    app = create_app({"ENVIRONMENT": environment, "TESTING": True, "WX_OPEN_BASE": base})
    assert ('href="http://127.0.0.1:8001/"' in app.test_client().get("/").text) is is_there


def test_every_problem_has_its_anchor(browser: FlaskClient) -> None:
    page = browser.get("/docs/problems").text
    for problem in all_problems():
        assert f'id="{problem.code}"' in page
        assert problem.title_zh in page


def test_the_api_page_needs_nothing_from_elsewhere(browser: FlaskClient) -> None:
    page = browser.get("/docs")
    assert re.findall(r'(?:src|href)="(https?:)?//', page.text) == []
    assert "script-src" not in page.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        answer.close()


def test_a_file_without_its_fingerprint_is_not_kept(browser: FlaskClient) -> None:
    with browser.get("/static/shell.css") as answer:
        assert "immutable" not in answer.headers["Cache-Control"]


def test_no_page_has_inline_scripts_or_styles(browser: FlaskClient) -> None:
    for path in ("/", "/docs", "/docs/problems"):
        page = browser.get(path).text
        assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


def test_vendored_files_are_those_that_the_lock_names() -> None:
    vendor = STATIC / "vendor"
    lock = json.loads((vendor / "vendor.lock.json").read_text(encoding="utf-8"))
    locked = {
        name: digest for package in lock.values() for name, digest in package["files"].items()
    }
    present = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "vendor.lock.json"
    }
    assert present == locked
    assert all(package["licence"] and package["version"] for package in lock.values())


def test_every_vendored_package_brings_its_licence() -> None:
    lock = json.loads(Path(STATIC / "vendor" / "vendor.lock.json").read_text(encoding="utf-8"))
    for package in lock.values():
        assert any(name.endswith("LICENSE") for name in package["files"])


def test_the_version_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, text in ((one, "a"), (other, "b")):
        (folder / "words").mkdir(parents=True)
        (folder / "words" / "zh.js").write_text(text)
    assert Folder(one).files() == ["words/zh.js"]
    assert len(Folder(one).version) == 12
    assert Folder(one).version == Folder(one).version != Folder(other).version


def test_a_feature_shows_a_page_of_its_own_in_place_of_a_problem() -> None:
    app = create_app({"ENVIRONMENT": "test", "TESTING": True})
    show_instead_of(app, lambda problem: f"<p>{problem['code']}, kindly</p>", "not_found")
    answer = app.test_client().get("/nowhere", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert answer.text == "<p>not_found, kindly</p>"
