"""What an act changed: two states side by side, field by field. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from miniprogram_api.core.db import canonical_json

LONGEST = 200


@dataclass(frozen=True)
class Change:
    """A field that is another one after an act; None: it was not there, or is no longer."""

    name: str
    was: str | None
    becomes: str | None


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Change]:
    """The fields that differ, in the order in which they stand; inner ones by their path."""
    was, becomes = dict(_flat(before or {})), dict(_flat(after or {}))
    names = [*becomes, *(name for name in was if name not in becomes)]
    return [
        Change(name, was.get(name), becomes.get(name))
        for name in names
        if was.get(name) != becomes.get(name)
    ]


def _flat(part: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in part.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        elif isinstance(value, list):
            yield from _flat_list(value, path)
        elif value is not None:
            yield path, _text(value)


def _flat_list(values: list[Any], path: str) -> Iterator[tuple[str, str]]:
    if not any(isinstance(value, Mapping) for value in values):
        yield path, ", ".join(_text(value) for value in values)[:LONGEST]
        return
    yield from _flat({str(number): value for number, value in enumerate(values, 1)}, f"{path}.")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
