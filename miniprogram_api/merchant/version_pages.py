"""The pages of a rule that has versions: which is in force, what differs, and an editor.

A feature brings a `RuleBook` and templates that extend `merchant/versions.html` and
`merchant/editor.html`.
"""

from functools import partial
from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import canonical_json
from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.staff.guards import for_staff

from . import csv_files, drafts, editing
from .act_names import name_acts, name_subject
from .acting import carried_out
from .drafts import EditedMeanwhile
from .editing import Running, Sheet, label_of
from .forms import WHOLE_FORM, Form, FormRefused, number_sent, reason_sent
from .listing import Listing, asked, page_of
from .versions import (
    RULE,
    SCHEDULED,
    RuleBook,
    in_force,
    instead_of,
    publish,
    state_of,
    withdraw,
)


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
        ("POST", "/withdraw", _withdraw),
    ):
        guarded = for_staff("editor")(partial(view, book))
        name = view.__name__.removeprefix("_")
        blp.add_url_rule(f"{book.address}{path}", name, guarded, methods=[verb])
    _name(book)


def _name(book: RuleBook[Any]) -> None:
    """Say in the audit what is done to the rule."""
    zh, en = book.called
    name_subject(book.kind, zh, en, f"{book.address}/compare?two={{}}")
    name_acts(
        {
            f"{book.kind}.publish": (f"发布{zh}", f"{en} published"),
            f"{book.kind}.withdraw": (f"撤回{zh}", f"{en} withdrawn"),
            f"{book.kind}.draft": (f"保存{zh}草稿", f"{en}: draft saved"),
            f"{book.kind}.discard_draft": (f"丢弃{zh}草稿", f"{en}: draft discarded"),
        }
    )


# ------------------------------------------------------------------ the list


def _list(book: RuleBook[Any]) -> Any:
    """The versions: in force, to come, over, withdrawn; and the draft, where there is one."""
    return _download(book) if asked().wants_csv else _versions(book, Form())


def _versions(book: RuleBook[Any], form: Form) -> str:
    """The list, with the form of an act on it that was refused."""
    versions = book.versions()
    listing = asked()
    after = listing.after
    rows = [one for one in versions if after is None or one.number < after][: listing.rows]
    page: Listing = page_of(listing, rows, key="number")
    return render_template(
        f"{book.folder}/versions.html",
        book=book,
        listing=page,
        running=in_force(versions),
        state_of=partial(state_of, versions=versions),
        instead_of=partial(instead_of, versions=versions),
        draft=drafts.draft_of(book.kind, RULE),
        base=book.running().base,
        form=form,
        **book.facts(),
    )


def _withdraw(book: RuleBook[Any]) -> Any:
    """Take a version back before it begins."""

    def act(form: Form) -> None:
        withdraw(book, number_sent("version"), form.value("base"), reason_sent())

    return carried_out(
        act, then=book.address, again=lambda form: _versions(book, form), told="withdrawn"
    )


def _download(book: RuleBook[Any]) -> Any:
    versions = book.versions()
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
