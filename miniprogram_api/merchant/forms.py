"""Forms of the merchant's pages: what was typed, what is wrong with it, and what it means.

Fields are flat in HTML and nested in the feature's own schema: `prizes-0-weight` is the weight of the first
of `prizes`. What is left empty is left out, so that the schema's own default or refusal holds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import marshmallow as ma
from flask import request
from werkzeug.datastructures import FileStorage

from miniprogram_api.core.clock import in_shop_time, shop_zone
from miniprogram_api.core.errors import DomainError, Unprocessable
from miniprogram_api.http.problems import problem_of
from miniprogram_api.http.schemas import Moment

from .fields import Scaled
from .form_words import spoken

LONGEST_FIELD = 20_000
WHOLE_FORM = ""
"""The name under which stands what is wrong with the form as a whole."""
_COMMA = re.compile("[,，、]")
_DEEPEST = 8
_ROW = re.compile(r"([A-Za-z_]+)-([0-9]{1,4})-")
_WALL_CLOCK = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


class ReasonMissing(Unprocessable):
    """An act that cannot be taken back lightly needs a reason for the audit."""

    code = "reason_missing"
    title_zh = "请写明原因"
    title_en = "Please give a reason"


class FormRefused(Exception):
    """What was typed cannot be used; `form` says where and why, and keeps what was typed."""

    def __init__(self, form: "Form") -> None:
        super().__init__("the form was refused")
        self.form = form


@dataclass
class Form:
    """The fields of a form by name, and what is wrong with them."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, nested: Mapping[str, Any]) -> "Form":
        """A form that shows what a schema has dumped, or a draft has kept."""
        return cls(dict(_flat(nested)))

    def value(self, name: str, default: object = "") -> str:
        """What stands in a field."""
        return self.values.get(name, str(default))

    def error(self, name: str) -> str:
        """What is wrong with a field, in the reader's language; empty: nothing."""
        return self.errors.get(name, "")

    def is_on(self, name: str, *, default: bool = False) -> bool:
        """Whether a box is ticked."""
        return self.value(name, str(default)).lower() in {"true", "on", "1"}

    def rows(self, name: str, at_least: int = 0) -> list[int]:
        """The numbers of the rows of a repeated part, as they were typed."""
        start = f"{name}-"
        numbers = {
            int(key.removeprefix(start).split("-")[0])
            for key in self.values
            if key.startswith(start) and key.removeprefix(start).split("-")[0].isdecimal()
        }
        return sorted(numbers | set(range(at_least)))

    def nested(self) -> dict[str, Any]:
        """What was typed, as the schemas know it: without what is empty, rows in their order."""
        tree: dict[str, Any] = {}
        for name, value in self.values.items():
            if value != "":
                _plant(tree, name.split("-", _DEEPEST), value)
        return {key: _listed(part) for key, part in tree.items()}

    def load(self, schema: ma.Schema) -> Any:
        """What the form means.

        :raises FormRefused: with what is wrong, field by field.
        """
        try:
            return schema.load(typed(schema, self.nested()))
        except ma.ValidationError as error:
            raise self.refused(error) from error

    def refused(self, error: ma.ValidationError | DomainError) -> FormRefused:
        """The same form with what is wrong, to be shown again."""
        if isinstance(error, DomainError):
            problem = problem_of(error)
            self.errors[WHOLE_FORM] = (
                f"{problem['title']}（{spoken(str(error))}）" if str(error) else problem["title"]
            )
        else:
            messages: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call]
            self.errors |= {
                self._field_of(name): said for name, said in _by_field(messages).items()
            }
        return FormRefused(self)

    def _field_of(self, name: str) -> str:
        """The field that holds a value: of a list typed with commas, the whole of it."""
        field_name, _, number = name.rpartition("-")
        is_within = number.isdecimal() and field_name in self.values
        return field_name if is_within and name not in self.values else name


def posted(*without: str) -> Form:
    """What was sent, trimmed; the page's own fields are not the form's.

    Rows are numbered anew, without those that were taken away or left empty: what a schema says of its
    second row is said of the form's.
    """
    own = {"csrf_token", *without}
    return Form(_renumbered({name: value for name, value in _sent() if name not in own}))


def as_typed() -> Form:
    """What stands in a form that is still being typed, its rows by the page's own numbers."""
    return Form(dict(_sent()))


def _sent() -> Iterator[tuple[str, str]]:
    """Each field with what stands in it; the boxes of one name that are ticked, with commas."""
    for name, values in request.form.lists():
        ticked = [value.strip() for value in values]
        yield name, ",".join(value for value in ticked if value)[:LONGEST_FIELD]


def _renumbered(sent: Mapping[str, str]) -> dict[str, str]:
    numbers: dict[str, dict[int, int]] = {}
    for name, value in sent.items():
        if value and (row := _ROW.match(name)):
            numbers.setdefault(row[1], {})[int(row[2])] = 0
    for rows in numbers.values():
        rows.update({old: new for new, old in enumerate(sorted(rows))})
    found = {}
    for name, value in sent.items():
        row = _ROW.match(name)
        if row is None:
            found[name] = value
        elif (new := numbers.get(row[1], {}).get(int(row[2]))) is not None:
            found[f"{row[1]}-{new}-{name[row.end() :]}"] = value
    return found


def number_sent(name: str, default: int = 0) -> int:
    """A whole number of the page's own, such as a revision."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else default


def reason_sent() -> str:
    """The reason that a form gives for its act.

    :raises ReasonMissing: it gives none.
    """
    reason = request.form.get("reason", "").strip()
    if not reason:
        raise ReasonMissing("the audit needs a reason")
    return reason[:200]


def file_sent(name: str = "file") -> bytes:
    """The content of a file that was chosen; empty: none was."""
    sent: FileStorage | None = request.files.get(name)
    return b"" if sent is None else sent.read()


def typed(schema: ma.Schema, nested: Mapping[str, Any]) -> dict[str, Any]:
    """Words as the numbers and truths that a schema's fields ask for; what is none is left to it."""
    known = {loaded.data_key or name: loaded for name, loaded in schema.load_fields.items()}
    return {
        name: _typed(known[name], value) if name in known else value
        for name, value in nested.items()
    }


def _typed(wanted: ma.fields.Field[Any], value: Any) -> Any:
    if isinstance(wanted, ma.fields.Nested) and isinstance(value, Mapping):
        return typed(wanted.schema, value)
    if isinstance(wanted, ma.fields.Nested) and isinstance(value, list):
        return [typed(wanted.schema, row) if isinstance(row, Mapping) else row for row in value]
    if isinstance(wanted, ma.fields.List):
        inner = wanted.inner
        rows = value if isinstance(value, list) else [part.strip() for part in _COMMA.split(value)]
        return [_typed(inner, row) for row in rows if row != ""]
    return _typed_word(wanted, value) if isinstance(value, str) else value


def _typed_word(wanted: ma.fields.Field[Any], text: str) -> Any:
    if isinstance(wanted, Moment):
        return _with_offset(text)
    if isinstance(wanted, ma.fields.Integer) and not isinstance(wanted, Scaled):
        return int(text) if _is_whole(text) else text
    if isinstance(wanted, ma.fields.Boolean):
        return {"true": True, "on": True, "false": False}.get(text.lower(), text)
    return text


def _with_offset(text: str) -> str:
    """What a field `datetime-local` holds, by the shop's clock, as an instant; else as it is."""
    if not _WALL_CLOCK.fullmatch(text):
        return text
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=shop_zone())
    except ValueError:  # the 31st of February
        return text
    return moment.isoformat(timespec="seconds")


def wall_clock(moment: datetime) -> str:
    """A moment as a field `datetime-local` shows it."""
    local = in_shop_time(moment).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 18


def _flat(nested: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in nested.items():
        yield from _flat_value(f"{before}{name}", value)


def _flat_value(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        yield from _flat(value, f"{name}-")
    elif isinstance(value, list | tuple) and any(isinstance(row, Mapping) for row in value):
        for number, row in enumerate(value):
            yield from _flat(row, f"{name}-{number}-")
    elif isinstance(value, list | tuple):
        yield name, ",".join(map(str, value))
    elif isinstance(value, datetime):
        yield name, wall_clock(value)
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    *branches, leaf = path
    for branch in branches:
        grown = tree.setdefault(branch, {})
        if not isinstance(grown, dict):
            return  # a name that is both a leaf and a branch is none of our forms'
        tree = grown
    tree.setdefault(leaf, value)


def _listed(part: Any) -> Any:
    """Branches that are named by numbers are rows."""
    if not isinstance(part, dict):
        return part
    if part and all(name.isdecimal() for name in part):
        return [_listed(part[name]) for name in sorted(part, key=int)]
    return {name: _listed(value) for name, value in part.items()}


def _by_field(messages: Any, before: str = "") -> dict[str, str]:
    """The schema's own tree of messages by the flat names of our fields."""
    found: dict[str, str] = {}
    for name, inner in messages.items():
        key = before if name == "_schema" else f"{before}-{name}" if before else str(name)
        if isinstance(inner, Mapping):
            found |= _by_field(inner, key)
        else:
            found[key] = " ".join(spoken(str(message)) for message in inner)
    return found
