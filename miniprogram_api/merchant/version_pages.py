"""The pages of a rule that has versions: which is in force, what differs, and an editor.

A feature brings a `RuleBook` and templates that extend `merchant/versions.html` and
`merchant/editor.html`.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import canonical_json
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.staff.guards import for_staff

from . import csv_files, drafts, editing
from .drafts import EditedMeanwhile
from .editing import Running, Sheet, label_of
from .forms import WHOLE_FORM, Form, FormRefused, number_sent
from .listing import Listing, asked, page_of
from .versions import RULE, SCHEDULED, RuleBook, Version, in_force, publish, state_of


def rule_pages(blp: Blueprint, book: RuleBook[Any]) -> None:
    """Give a blueprint the pages of a rule; editors may look, prepare and publish."""
    for verb, path, view in (
        ("GET", "", _list),
        ("GET", "/compare", _compare),
        ("GET", "/edit", _edit),
        ("POST", "/edit/preview", _preview),
        ("POST", "/edit/draft", _save_draft),
        ("POST", "/edit/discard", _discard),
        ("POST", "/edit/publish", _publish),
    ):
        guarded = for_staff("editor")(partial(view, book))
        name = view.__name__.removeprefix("_")
        blp.add_url_rule(f"{book.address}{path}", name, guarded, methods=[verb])


# ------------------------------------------------------------------ the list


def _list(book: RuleBook[Any]) -> Any:
    """The versions: in force, to come, over; and the draft, where there is one."""
    versions = book.versions()
    listing = asked()
    if listing.wants_csv:
        return _download(book, versions)
    after = listing.after
    rows = [one for one in versions if after is None or one.number < after][: listing.rows]
    page: Listing = page_of(listing, rows, key="number")
    return render_template(
        f"{book.folder}/versions.html",
        book=book,
        listing=page,
        running=in_force(versions),
        state_of=partial(state_of, versions=versions),
        draft=drafts.draft_of(book.kind, RULE),
        **book.facts(),
    )


def _download(book: RuleBook[Any], versions: Sequence[Version]) -> Any:
    columns = ("version", "begins_at", "state", "note", "actor", "created_at", "terms")
    rows = (
        (
            one.number,
            in_shop_time(one.begins_at).isoformat(),
            state_of(one, versions),
            one.note,
            one.actor,
            in_shop_time(one.created_at).isoformat() if one.created_at else "",
            canonical_json(one.terms),
        )
        for one in versions
    )
    return csv_files.download(book.kind, columns, rows)


def _compare(book: RuleBook[Any]) -> str:
    """Two versions, and where they differ."""
    versions = {str(one.number): one for one in book.versions()}
    newest, second = [*versions, "", ""][:2]
    one = versions.get(request.args.get("one", ""), versions.get(second or newest))
    two = versions.get(request.args.get("two", ""), versions.get(newest))
    before, after = (book.form_of(version.terms) if version else Form() for version in (one, two))
    return render_template(
        "merchant/compare.html",
        book=book,
        versions=versions.values(),
        one=one,
        two=two,
        differences=editing.differences(before, after, book.words),
    )


# ------------------------------------------------------------------ the editor


def _edit(book: RuleBook[Any]) -> str:
    """The editor, on the draft, the newest version, or the one that `?from=` names."""
    running = book.running()
    sheet = editing.open_sheet(book.kind, RULE, running)
    wanted = request.args.get("from", "")
    chosen = next((one for one in book.versions() if str(one.number) == wanted), None)
    if chosen:
        sheet = editing.begun_from(sheet, book.form_of(chosen.terms), running)
    return _editor(book, sheet, running)


def _editor(book: RuleBook[Any], sheet: Sheet, running: Running) -> str:
    versions = book.versions()
    return render_template(
        f"{book.folder}/editor.html",
        book=book,
        address=book.editor,
        sheet=sheet,
        running=running,
        scheduled=[one for one in versions if state_of(one, versions) == SCHEDULED],
        faults=_faults(book, sheet.form),
        **book.choices(),
    )


def _preview(book: RuleBook[Any]) -> str:
    """What the form would mean; nothing is written."""
    sheet = editing.sent_sheet(book.kind, RULE)
    try:
        shown = book.preview(book.read(sheet.form), sheet.own)
    except FormRefused as refused:
        return objections(book, refused.form)
    except DomainError as refusal:
        return objections(book, sheet.form.refused(refusal).form)
    return render_template(f"{book.folder}/preview.html", **shown)


def objections(book: RuleBook[Any], form: Form) -> str:
    """What keeps a fragment from being drawn."""
    faults = _faults(book, form)
    if WHOLE_FORM in form.errors:
        faults.insert(0, ("", form.errors[WHOLE_FORM]))
    return render_template("merchant/preview_errors.html", errors=faults)


def _faults(book: RuleBook[Any], form: Form) -> list[tuple[str, str]]:
    """What is wrong, field by field, by what people call them."""
    return [(label_of(name, book.words), said) for name, said in form.errors.items() if name]


def _save_draft(book: RuleBook[Any]) -> Any:
    """Keep what was typed; nothing changes for anybody."""
    sheet = editing.sent_sheet(book.kind, RULE)
    running = book.running()
    try:
        editing.keep(sheet, running, book.kind)
    except EditedMeanwhile:
        return editing.show_both(sheet, running, book.editor, book.words)
    return redirect(f"{book.editor}?told=draft", 303)


def _discard(book: RuleBook[Any]) -> Any:
    """Throw the draft away."""
    try:
        drafts.discard_draft(book.kind, RULE, number_sent("revision"))
    except EditedMeanwhile:
        sheet = editing.open_sheet(book.kind, RULE, book.running())
        sheet.revision = number_sent("revision")
        return editing.show_both(sheet, book.running(), book.editor, book.words)
    return redirect(f"{book.address}?told=discarded", 303)


def _publish(book: RuleBook[Any]) -> Any:
    """Make a new version of the form."""
    sheet = editing.sent_sheet(book.kind, RULE)
    try:
        version = publish(book, sheet)
    except EditedMeanwhile:
        return editing.show_both(sheet, book.running(), book.editor, book.words)
    except FormRefused:
        return _again(book, sheet), 422
    except DomainError as refusal:
        g.problem_code = refusal.code
        sheet.form.refused(refusal)
        return _again(book, sheet), status_of(type(refusal))
    told = "published" if version.begins_at <= now() else "scheduled"
    return redirect(f"{book.address}?told={told}", 303)


def _again(book: RuleBook[Any], sheet: Sheet) -> str:
    sheet.draft = drafts.draft_of(book.kind, RULE)
    if sheet.own.errors:
        sheet.form.errors.setdefault(WHOLE_FORM, next(iter(sheet.own.errors.values())))
    return _editor(book, sheet, book.running())
