"""Rules that have versions: which is in force, and how a form becomes a new one.

A version never changes. What runs is replaced from a moment on that is told before it is published; until
then the next version can be withdrawn. A feature describes its rule by a `RuleBook`; `version_pages` makes
its pages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import retrying, transaction
from miniprogram_api.core.withdrawals import NoSuchVersion, Withdrawal
from miniprogram_api.staff import audit

from . import editing
from .drafts import EditedMeanwhile
from .editing import Running, Sheet, Words
from .form_words import spoken
from .forms import Form, FormRefused

T = TypeVar("T")

RULE = "rule"
"""The subject of the draft: a shop has one rule of each kind."""
STARTS = "when-starts"
RUNNING, SCHEDULED, OVER, WITHDRAWN = "running", "scheduled", "over", "withdrawn"
_MISSING = "Missing data for required field."
_NO_DAY = "Not a day of the calendar: YYYY-MM-DD."
_NO_MOMENT = "Not a moment with an offset: 2026-11-21T10:00:00+08:00."


@dataclass(frozen=True)
class Version:
    """A version of a rule as its page shows it; `terms` as they are stored.

    :param withdrawn: who took it back before it began; None: it stands.
    """

    number: int
    begins_at: datetime
    terms: Mapping[str, Any]
    note: str = ""
    actor: str = ""
    created_at: datetime | None = None
    withdrawn: Withdrawal | None = None


@dataclass(frozen=True)
class RuleBook(Generic[T]):
    """What the pages of a rule need of its feature.

    :param kind: of its drafts, and of its acts in the audit.
    :param called: what people call the rule: Chinese, English.
    :param folder: of its templates: `<folder>/versions.html`, `editor.html`, `preview.html`.
    :param versions: every version, the newest first, and those that were withdrawn.
    :param read: what a form means; raises FormRefused.
    :param publish: makes it a version, given the terms, what the page was told, and the reason.
    :param withdraw: takes a version back before it begins, given its number and the reason.
    :param preview: what the preview shows of terms, given what it was asked.
    :param facts: what the list shows beside the versions; `choices`: what the editor offers.
    """

    kind: str
    called: tuple[str, str]
    address: str
    folder: str
    words: Words
    versions: Callable[[], Sequence[Version]]
    form_of: Callable[[Mapping[str, Any]], Form]
    read: Callable[[Form], T]
    publish: Callable[[T, Form, str], Version]
    withdraw: Callable[[int, str], None]
    preview: Callable[[T, Form], Mapping[str, Any]]
    facts: Callable[[], Mapping[str, Any]] = field(default=dict)
    choices: Callable[[], Mapping[str, Any]] = field(default=dict)

    @property
    def editor(self) -> str:
        """The editor's own address."""
        return f"{self.address}/edit"

    def running(self) -> Running:
        """What a form is begun from: the newest version that stands, begun or not.

        Its name is the number of whatever was written last, be it a version or a withdrawal.
        """
        versions = self.versions()
        if not versions:
            return Running(Form(), "")
        newest = next((one for one in versions if one.withdrawn is None), None)
        form = self.form_of(newest.terms) if newest else Form()
        return Running(form, *_last_written(versions))


def _last_written(versions: Sequence[Version]) -> tuple[str, str, datetime | None]:
    """Of whatever was written last: its number, who wrote it and when."""
    written = [(one.number, one.actor, one.created_at) for one in versions]
    taken_back = (one.withdrawn for one in versions if one.withdrawn)
    written += [(one.number, one.actor, one.created_at) for one in taken_back]
    number, actor, moment = max(written, key=lambda one: one[0])
    return str(number), actor, moment


def in_force(versions: Sequence[Version], moment: datetime | None = None) -> Version | None:
    """The version that counts at a moment, or now; None: the rule has none then."""
    until = moment or now()
    begun = [one for one in versions if one.begins_at <= until and one.withdrawn is None]
    return max(begun, key=lambda one: (one.begins_at, one.number), default=None)


def instead_of(version: Version, versions: Sequence[Version]) -> Version | None:
    """What counts at the moment of a version that is withdrawn; None: no rule does then."""
    return in_force([one for one in versions if one.number != version.number], version.begins_at)


def state_of(version: Version, versions: Sequence[Version]) -> str:
    """Whether a version is in force, comes into force later, or never will (again)."""
    if version.withdrawn:
        return WITHDRAWN
    if version == in_force(versions):
        return RUNNING
    is_replaced = any(
        one.begins_at == version.begins_at and one.number > version.number
        for one in versions
        if one.withdrawn is None
    )
    return SCHEDULED if version.begins_at > now() and not is_replaced else OVER


def day_asked(own: Form, otherwise: date) -> date:
    """From which day on a version is to count.

    :raises FormRefused: it is no day.
    """
    text = own.value(STARTS)
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise _refused(own, STARTS, _NO_DAY) from None


def moment_asked(own: Form, zone: Any) -> datetime | None:
    """From which moment on, by the shop's clock, a version is to count; None: from now.

    :raises FormRefused: it is no moment.
    """
    text = own.value(STARTS)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone) if text else None
    except ValueError:
        raise _refused(own, STARTS, _NO_MOMENT) from None


def _refused(form: Form, name: str, message: str) -> FormRefused:
    form.errors[name] = spoken(message)
    return FormRefused(form)


@retrying
def publish(book: RuleBook[T], sheet: Sheet) -> Version:
    """Publish a sheet as a new version, take its draft away, and write who did it and why.

    :raises FormRefused: a field, or the reason that is missing.
    :raises EditedMeanwhile: the sheet was begun from something else than what is there now.
    """
    terms = book.read(sheet.form)
    reason = sheet.own.value("reason")
    if not reason:
        raise _refused(sheet.own, "reason", _MISSING)
    with transaction():
        before, running = in_force(book.versions()), book.running()
        editing.take(sheet, running)
        version = book.publish(terms, sheet.own, reason)
        _require_next(version, running)
        audit.record(
            f"{book.kind}.publish",
            f"{book.kind}:{version.number}",
            before=None if before is None else _told(before),
            after=_told(version),
            reason=reason,
        )
    return version


@retrying
def withdraw(book: RuleBook[T], number: int, base: str, reason: str) -> None:
    """Take a version back before it begins, and write who did it, why, and what counts in its place.

    :param base: what was written last when somebody looked at the list.
    :raises EditedMeanwhile: something was published or withdrawn since.
    :raises NoSuchVersion: there is none of that number.
    :raises VersionStays: it has begun, begins within a minute, or was withdrawn before.
    """
    with transaction():
        editing.require_base(base, book.running())
        versions = book.versions()
        version = next((one for one in versions if one.number == number), None)
        if version is None:
            raise NoSuchVersion(f"no version {number}")
        book.withdraw(number, reason)
        instead = instead_of(version, versions)
        audit.record(
            f"{book.kind}.withdraw",
            f"{book.kind}:{number}",
            before=_told(version),
            after=None if instead is None else _told(instead),
            reason=reason,
        )


def _require_next(version: Version, running: Running) -> None:
    """See that nobody published between our look at what runs and our own version.

    :raises EditedMeanwhile: somebody did.
    """
    if version.number != int(running.base or 0) + 1:
        raise EditedMeanwhile(f"version {version.number} does not follow {running.base}")


def _told(version: Version) -> dict[str, Any]:
    return {
        "version": version.number,
        "begins_at": in_shop_time(version.begins_at).isoformat(),
        "terms": dict(version.terms),
    }
