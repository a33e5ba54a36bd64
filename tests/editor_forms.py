"""The form of an editor as the page shows it: every field with what stands in it, ready to be sent back."""

from html.parser import HTMLParser
from typing import Any

from tests.office import Clerk


class _Fields(HTMLParser):
    """Reads the fields of the form `#editor`; what is in a template is not in the form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self._within = self._templates = 0
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._templates += tag == "template"
        if tag == "form":
            self._within = given.get("id") == "editor"
        if not self._within or self._templates:
            return
        if tag == "input" and given.get("name"):
            self._input(given)
        if tag == "select":
            self._select = given["name"]
        if tag == "option" and (self._select not in self.fields or "selected" in given):
            self.fields[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        self._templates -= tag == "template"
        if tag == "form":
            self._within = 0

    def _input(self, given: dict[str, str]) -> None:
        is_ticked = "checked" in given
        if given.get("type") == "checkbox" and "data-unticked" not in given:  # one of several
            if is_ticked:
                self.fields.setdefault(given["name"], []).append(given["value"])
        elif given.get("type") == "checkbox":
            self.fields[given["name"]] = given["value"] if is_ticked else given["data-unticked"]
        elif given["name"] != "csrf_token":
            self.fields[given["name"]] = given.get("value", "")


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would send of the editor on a page."""
    reader = _Fields()
    reader.feed(page)
    return reader.fields


def opened(clerk: Clerk, address: str) -> dict[str, Any]:
    """The fields of an editor that somebody has just opened."""
    page = clerk.get(address)
    assert page.status_code == 200, page.text
    return fields_of(page.text)
