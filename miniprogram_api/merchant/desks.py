"""Desks: the calls of an editor, the same for all that is edited.

A feature says what runs, how its form becomes what it means, and how that is published; the desk opens the
sheet, keeps drafts, shows what is wrong where it is, and shows both where two have edited the same.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request

from miniprogram_api.core.errors import DomainError
from miniprogram_api.http.problems import status_of
from miniprogram_api.staff.guards import for_staff

from .drafts import EditedMeanwhile, discard_draft, draft_of
from .editing import Running, Sheet, Words, keep, open_sheet, sent_sheet, show_both
from .forms import FormRefused, ReasonMissing, number_sent

_NEW = re.compile(r"new-[0-9a-f]{12}")
_REASON = "reason"


@dataclass(frozen=True)
class Desk:
    """An editor.

    :param kind: of its drafts.
    :param address: where the list of what is edited stands: the editor of one is `<address>/<key>/edit`.
    :param template: extends `merchant/editor.html`.
    :param running: what is in force under a key; of a new one, what its form begins with.
    :param publish: puts a sheet in force, with the reason, and answers where to go; it refuses by
        `FormRefused`, `EditedMeanwhile` or another `DomainError`.
    :param facts: what the template shows beside the form, by the key.
    :param preview: draws the fragment of a form.
    """

    kind: str
    address: str
    template: str
    words: Words
    running: Callable[[str], Running]
    publish: Callable[[Sheet, str], str]
    facts: Callable[[str], Mapping[str, Any]]
    preview: Callable[[Sheet], str]
    role: str = "editor"

    def tie(self, blp: Blueprint) -> None:
        """Let a blueprint answer the editor's calls."""
        calls = {
            "": ("edit", self._edit, "GET"),
            "/draft": ("keep_draft", self._keep, "POST"),
            "/publish": ("publish", self._publish, "POST"),
            "/discard": ("discard", self._discard, "POST"),
            "/preview": ("preview", self._preview, "POST"),
        }
        guard = for_staff(self.role)
        for path, (name, view, verb) in calls.items():
            rule = f"{self.address}/<string:key>/edit{path}"
            blp.add_url_rule(rule, name, guard(_plain(view)), methods=[verb])
        blp.add_url_rule(f"{self.address}/new", "new", guard(_plain(self._new)))

    def editor_of(self, key: str) -> str:
        """The address of the editor of one."""
        return f"{self.address}/{key}/edit"

    def _new(self) -> Any:
        """A sheet of its own for each new thing, so that two who begin one do not meet.

        `?copy=` names what its form begins with; see `copied_key`.
        """
        copied = copied_key()
        begun = f"?copy={copied}" if copied else ""
        return redirect(self.editor_of(f"new-{secrets.token_hex(6)}") + begun)

    def _edit(self, key: str) -> Any:
        running = self.running(key)
        return self._drawn(key, open_sheet(self.kind, key, running), running)

    def _keep(self, key: str) -> Any:
        sheet, running = sent_sheet(self.kind, key), self.running(key)
        try:
            keep(sheet, running, sheet.form.value("title") or "—")
        except EditedMeanwhile:
            return show_both(sheet, running, self.editor_of(key), self.words)
        return redirect(f"{self.editor_of(key)}?told=draft", 303)

    def _publish(self, key: str) -> Any:
        sheet = sent_sheet(self.kind, key)
        try:
            where = self.publish(sheet, _reason_on(sheet))
        except EditedMeanwhile:
            return show_both(sheet, self.running(key), self.editor_of(key), self.words)
        except FormRefused:
            return self._again(key, sheet), 422
        except DomainError as refusal:
            g.problem_code = refusal.code
            _refuse(sheet, refusal)
            return self._again(key, sheet), status_of(type(refusal))
        return redirect(where, 303)

    def _discard(self, key: str) -> Any:
        running, revision = self.running(key), number_sent("revision")
        try:
            discard_draft(self.kind, key, revision)
        except EditedMeanwhile:
            sheet = replace(open_sheet(self.kind, key, running), revision=revision)
            return show_both(sheet, running, self.editor_of(key), self.words)
        where = self.address if is_new(key) else self.editor_of(key)
        return redirect(f"{where}?told=discarded", 303)

    def _preview(self, key: str) -> Any:
        self.running(key)
        return self.preview(sent_sheet(self.kind, key))

    def _again(self, key: str, sheet: Sheet) -> str:
        sheet.draft = draft_of(self.kind, key)
        return self._drawn(key, sheet, self.running(key))

    def _drawn(self, key: str, sheet: Sheet, running: Running) -> str:
        return render_template(
            self.template,
            sheet=sheet,
            form=sheet.form,
            running=running,
            address=self.editor_of(key),
            key=key,
            is_new=is_new(key),
            **self.facts(key),
        )


def is_new(key: str) -> bool:
    """Whether a key names something that was never published."""
    return _NEW.fullmatch(key) is not None


def copied_key() -> str | None:
    """What the form of a new thing begins with, where it was asked for as a copy."""
    asked_for = request.args.get("copy", "")
    return asked_for if number_of(asked_for) is not None else None


def number_of(key: str) -> int | None:
    """The number of what a key names; None: it is no number."""
    return int(key) if key.isascii() and key.isdecimal() and len(key) <= 18 else None


def _plain(view: Callable[..., Any]) -> Callable[..., Any]:
    """A function of its own around a method, that the guard can wrap and mark."""

    def answer(**given: Any) -> Any:
        return view(**given)

    return answer


def _reason_on(sheet: Sheet) -> str:
    reason = sheet.own.value(_REASON)
    if not reason:
        raise ReasonMissing("the audit needs a reason")
    return reason


def _refuse(sheet: Sheet, refusal: DomainError) -> None:
    """Say what is wrong where it is."""
    sheet.form.refused(refusal)
    if isinstance(refusal, ReasonMissing):
        sheet.own.errors[_REASON] = sheet.form.errors[""]
