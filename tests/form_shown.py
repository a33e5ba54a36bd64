"""What a browser would send back of a form, had nobody touched it."""

import re
from html.parser import HTMLParser
from typing import Any

_TEMPLATE = re.compile(r"<template.*?</template>", re.DOTALL)


def form_shown(page: str, form_id: str = "editor") -> dict[str, str]:
    """The fields of a form of a page, without the page's proof."""
    reader = _Reader(form_id)
    reader.feed(_TEMPLATE.sub("", page))
    reader.fields.pop("csrf_token", None)
    return reader.fields


class _Reader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._form_id = form_id
        self._inside = False
        self._in_select = self._in_text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        found = {name: value or "" for name, value in attrs}
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "form":
            self._inside = found.get("id") == self._form_id
        elif not self._inside:
            return
        elif tag == "input" and name:
            is_off = found.get("type") == "checkbox" and "checked" not in found
            self.fields[name] = found.get("data-unticked", "") if is_off else value
        elif tag == "select":
            self._in_select = name
        elif tag == "option" and ("selected" in found or self._in_select not in self.fields):
            self.fields[self._in_select] = value
        elif tag == "textarea":
            self._in_text, self.fields[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._in_text = ""

    def handle_data(self, data: str) -> None:
        if self._in_text:
            self.fields[self._in_text] += data
