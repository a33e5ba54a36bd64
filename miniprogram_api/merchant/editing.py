"""Editors: what runs is shown as a form, the form becomes a draft, and the draft what runs.

Every form carries what it was begun from: the draft's `revision`, and the `base`, which names what ran then
(a version's number, a fingerprint of a row). Of two who edit the same, the later is refused and shown both.
Fields of the page's own begin with `try-` (what the preview is asked) and `when-` (how it is published).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import g, render_template, request

from miniprogram_api.core.db import canonical_json
from miniprogram_api.http.language import language

from .drafts import EditedMeanwhile, draft_of, require_revision, save_draft, take_draft
from .forms import Form, number_sent, posted
from .models import Draft

Words = Mapping[str, tuple[str, str]]
"""What people call a field, by its name: Chinese, English."""

_OWN = ("revision", "base", "reason")
_OWN_STARTS = ("try-", "when-")
_FINGERPRINT = 16


@dataclass(frozen=True)
class Running:
    """What is in force while somebody edits: its form, its name, who made it so and when."""

    form: Form
    base: str
    by: str = ""
    at: datetime | None = None


@dataclass
class Sheet:
    """A form in an editor, and what it was begun from.

    :param own: what the page itself was told beside the form: `try-…`, `when-…`, `reason`.
    :param draft: the one that is kept, as it is shown.
    """

    kind: str
    subject: str
    form: Form
    base: str
    revision: int = 0
    draft: Draft | None = None
    own: Form = field(default_factory=Form)


@dataclass(frozen=True)
class Difference:
    """A field that says one thing here and another there."""

    name: str
    before: str
    after: str


def open_sheet(kind: str, subject: str, running: Running) -> Sheet:
    """The draft of something where there is one, else what runs."""
    draft = draft_of(kind, subject)
    if draft is None:
        return Sheet(kind, subject, running.form, running.base)
    form = Form.of(draft.content)
    return Sheet(kind, subject, form, draft.base, draft.revision, draft)


def begun_from(sheet: Sheet, form: Form, running: Running) -> Sheet:
    """The same sheet with another form on it: saved, it takes the place of the draft."""
    return replace(sheet, form=form, base=running.base)


def sent_sheet(kind: str, subject: str) -> Sheet:
    """The sheet as it came back."""
    form = posted(*_OWN, *(name for name in request.form if name.startswith(_OWN_STARTS)))
    own = {
        name: value.strip()[:200]
        for name, value in request.form.items()
        if name in _OWN or name.startswith(_OWN_STARTS)
    }
    base = own.get("base", "")[:32]
    return Sheet(kind, subject, form, base, number_sent("revision"), own=Form(own))


def keep(sheet: Sheet, running: Running, title: str) -> int:
    """Save a sheet as the draft; answer its new revision.

    :raises EditedMeanwhile: the draft, or what runs, is no longer what the sheet was begun from.
    """
    require_base(sheet.base, running)
    return save_draft(
        sheet.kind,
        sheet.subject,
        sheet.form.nested(),
        title=title,
        revision=sheet.revision,
        base=running.base,
    )


def take(sheet: Sheet, running: Running) -> None:
    """Remove the draft of a sheet that is being published, in the transaction that publishes it.

    :param running: read within that transaction.
    :raises EditedMeanwhile: the draft, or what runs, is no longer what the sheet was begun from.
    """
    require_base(sheet.base, running)
    take_draft(sheet.kind, sheet.subject, sheet.revision)


def require_base(base: str, running: Running) -> None:
    """Refuse to write over what was published since.

    :param base: what ran when somebody looked.
    :raises EditedMeanwhile: something else runs now.
    """
    if base != running.base:
        raise EditedMeanwhile(
            f"{running.base or 'nothing'} runs, not {base or 'nothing'}",
            edited_by=running.by,
            edited_at=running.at,
        )


def show_both(sheet: Sheet, running: Running, address: str, words: Words) -> tuple[str, int]:
    """The page on which the later of two editors sees both, and chooses.

    :param address: the editor's own; `<address>/draft` keeps a draft.
    """
    draft = draft_of(sheet.kind, sheet.subject)
    try:
        require_revision(draft, sheet.revision)
        theirs = running
    except EditedMeanwhile:
        content = draft.content if draft else {}
        by, at = (draft.edited_by, draft.edited_at) if draft else ("", None)
        theirs = Running(Form.of(content) if draft else running.form, running.base, by, at)
    g.problem_code = EditedMeanwhile.code
    page = render_template(
        "merchant/conflict.html",
        address=address,
        mine=sheet,
        theirs=theirs,
        revision=draft.revision if draft else 0,
        base=running.base,
        differences=differences(theirs.form, sheet.form, words),
    )
    return page, 409


def differences(before: Form, after: Form, words: Words) -> list[Difference]:
    """Where two forms differ, each field by what people call it."""
    names = [*before.values, *(name for name in after.values if name not in before.values)]
    return [
        Difference(label_of(name, words), before.value(name), after.value(name))
        for name in names
        if before.value(name) != after.value(name)
    ]


def label_of(name: str, words: Words) -> str:
    """What people call a field: `prizes-0-weight` is the weight of prize 1."""
    return " · ".join(_parts(name, words))


def _parts(name: str, words: Words) -> Iterator[str]:
    place = 1 if language() == "en" else 0
    called = ""
    for part in name.split("-"):
        if part.isdecimal() and called:
            called = f"{called} {int(part) + 1}"
            continue
        if called:
            yield called
        called = words[part][place] if part in words else part
    yield called


def fingerprint(content: Mapping[str, Any]) -> str:
    """A name for the state of something that has no versions: `base` of what runs."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:_FINGERPRINT]
