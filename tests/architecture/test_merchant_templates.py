"""No template of ours brings a script or a style of its own into a page, or trusts what people typed."""

import re
from pathlib import Path

import pytest

from tests.architecture.code import PACKAGES, ROOT

IN_HTML: dict[str, re.Pattern[str]] = {
    "a script without a file": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>"),
    "a style in the page": re.compile(r"<style\b|<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "a handler in an attribute": re.compile(
        r"<[a-z][^>]*\s(?:on[a-z]+|hx-on[:a-z-]*)\s*=", re.IGNORECASE
    ),
    "an address that is a script": re.compile(r"javascript:", re.IGNORECASE),
    "an expression for htmx to run": re.compile(
        r"hx-(?:vals|vars|headers)[a-z:]*\s*=\s*['\"]\s*js:|hx-trigger\s*=\s*\"[^\"]*\["
    ),
    "a file of another house": re.compile(
        r"(?:src|href)\s*=\s*['\"](?:https?:)?//[^'\"]+\.(?:js|css)"
    ),
}
IN_JINJA = {"words that are believed": re.compile(r"\|\s*safe\b|autoescape\s+false")}


def templates() -> list[Path]:
    return sorted(
        file
        for package in PACKAGES
        for file in (ROOT / package).rglob("templates/**/*.html")
        if "simulator" not in file.parts
    )


def offences_in(text: str) -> list[str]:
    said = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    html = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", said, flags=re.DOTALL)
    found = [name for name, pattern in IN_HTML.items() if pattern.search(html)]
    return found + [name for name, pattern in IN_JINJA.items() if pattern.search(said)]


def test_there_are_templates() -> None:
    assert len(templates()) > 20


def test_no_template_breaks_the_policy_or_trusts_a_name() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {offence}"
        for file in templates()
        for offence in offences_in(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("planted", "offence"),
    [
        ("<script>go()</script>", "a script without a file"),
        ('<p style="color: red">', "a style in the page"),
        ("<style>p {}</style>", "a style in the page"),
        ('<button onclick="go()">', "a handler in an attribute"),
        ('<button hx-on:click="go()">', "a handler in an attribute"),
        ('<a href="javascript:go()">', "an address that is a script"),
        ("{{ member.nickname | safe }}", "words that are believed"),
        ('<p hx-trigger="click[ctrlKey]">', "an expression for htmx to run"),
        ('<script src="https://cdn.example/x.js"></script>', "a file of another house"),
    ],
)
def test_a_planted_offence_is_found(planted: str, offence: str) -> None:
    assert offences_in(planted) == [offence]
