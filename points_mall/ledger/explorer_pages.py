"""积分流水 · the books of points, to be looked through: every entry, one account, one entry whole.

Nothing is edited here. What was posted stays; what was wrong is put right by a further entry.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.errors import NotFound
from miniprogram_api.http.language import language
from miniprogram_api.members.accounts import member_of_record
from miniprogram_api.members.models import Member
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.forms import Form
from miniprogram_api.merchant.listing import EXPORT_ROWS, Asked, Choice, asked, page_of
from miniprogram_api.merchant.member_pages import name_of
from miniprogram_api.merchant.member_tabs import Act, add_act, page_asked
from miniprogram_api.merchant.navigation import BOOKS, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff

from . import explorer, explorer_checking, explorer_words
from .explorer_causes import Cause, add_cause, cause_of
from .merchant_tabs import explained
from .models import LedgerEntry, PointsHold, PointsLot
from .reasons import declared, title
from .statements import entries_of, summary

ADDRESS = "/admin/ledger"
BATCH = 2000
GAVE, TOOK = "in", "out"
SIGNS = Choice("sign", "收与支", "In and out", ((GAVE, "获得", "In"), (TOOK, "扣减", "Out")))
_NUMBER_DIGITS = 18

blp = Blueprint("points_explorer", __name__, template_folder="templates")


@blp.get(ADDRESS)
@for_staff("manager")
def entries() -> Any:
    """Entries of everybody, or of one account, the latest first; the same as a file."""
    choices = (_reasons(), SIGNS)
    wanted = asked(*choices, days=True)
    member = _member_meant(wanted.query)
    conditions = _conditions(wanted, member)
    if wanted.wants_csv:
        return _file(conditions)
    rows = explorer.latest(conditions, after=wanted.after, limit=wanted.rows)
    listing = page_of(wanted, rows)
    return render_template(
        "ledger/explorer.html",
        listing=listing,
        choices=choices,
        numbers=explorer.numbers_of(row.account_id for row in listing.rows),
        member=member,
        **_words(),
    )


@blp.get(f"{ADDRESS}/accounts/<member_no>")
@for_staff("manager")
def account(member_no: str) -> str:
    """One account: its figures, entries with what they drew on, lots, holds."""
    return _account_page(member_no)


@blp.post(f"{ADDRESS}/accounts/<member_no>/check")
@for_staff("manager")
def check(member_no: str) -> Any:
    """Replay the account; what was found stands on its page."""
    return carried_out(
        lambda _form: explorer_checking.check(member_no),
        then=f"{ADDRESS}/accounts/{member_no}",
        again=lambda form: _account_page(member_no, form),
        told="checked",  # no telling of the shell's: the page itself says what was found
    )


@blp.get(f"{ADDRESS}/entries/<id:entry_id>")
@for_staff("manager")
def entry(entry_id: int) -> str:
    """One entry whole: what it opened and drew on, why, and what stands behind it."""
    found = explorer.whole(entry_id)
    return render_template(
        "ledger/explorer_entry.html",
        whole=found,
        name=name_of(found.member),
        cause=cause_of(found.entry) or (cause_of(found.undone) if found.undone else None),
        sentences=explorer_words.sentences(found.entry.explanation),
        most=explorer.MOST_SHOWN,
        **_words(),
    )


@blp.get("/admin/members/<member_no>/ledger")
@for_staff("manager")
def of_member(member_no: str) -> Any:
    """From the member's page to the account."""
    return redirect(f"{ADDRESS}/accounts/{member_of_record(member_no).member_no}")


def _account_page(member_no: str, form: Form | None = None) -> str:
    person = member_of_record(member_no)
    opened = explorer.account_of(person.id)
    shown: dict[str, Any] = {}
    if opened is not None:
        shown = {
            "head": explorer.head_of(opened),
            "has": summary(person.id),
            "check": explorer_checking.last_check(person.member_no),
            **_tables(person.id, opened.id),
        }
    return render_template(
        "ledger/explorer_account.html",
        member=person,
        name=name_of(person),
        account=opened,
        form=form or Form(),
        **shown,
        **_words(),
    )


def _tables(member_id: int, account_id: int) -> dict[str, Any]:
    """The three tables of an account: rows, and after which the next page begins."""
    history = entries_of(member_id).add_columns(LedgerEntry.actor)
    posted, more_entries = page_asked(history, LedgerEntry.seq, "entries")
    lots, more_lots = page_asked(explorer.lots_of(account_id), PointsLot.id, "lots")
    holds, more_holds = page_asked(explorer.holds_of(account_id), PointsHold.id, "holds")
    return {
        "entries": posted,
        "draws": explorer.draws_of([row.id for row in posted]),
        "lots": lots,
        "holds": holds,
        "parts": explorer.parts_of([row.id for row in holds]),
        "more": {"entries": more_entries, "lots": more_lots, "holds": more_holds},
    }


def _words() -> dict[str, Any]:
    """What the templates say reasons, kinds, states and people with."""
    return {
        "title_of": lambda reason: title(reason, language()),
        "explained": explained,
        "by": explorer_words.by,
        "kinds": explorer_words.KINDS,
        "hold_states": explorer_words.HOLDS,
        "lot_state": explorer_words.lot_state,
    }


def _reasons() -> Choice:
    known = [(one.code, one.title_zh, one.title_en) for one in declared()]
    return Choice("reason", "全部事由", "Every reason", known)


def _member_meant(text: str) -> Member | None:
    """Whose number it is that was typed; None: nobody's."""
    try:
        return member_of_record(text)
    except NotFound:
        return None


def _conditions(wanted: Asked, member: Member | None) -> list[sa.ColumnElement[bool]]:
    found = wanted.within_days(LedgerEntry.occurred_at)
    if reason := wanted.filters.get("reason"):
        found.append(LedgerEntry.reason == reason)
    if sign := wanted.filters.get("sign"):
        found.append(LedgerEntry.points > 0 if sign == GAVE else LedgerEntry.points < 0)
    if member is not None:
        opened = explorer.account_of(member.id)
        found.append(LedgerEntry.account_id == opened.id if opened else sa.false())
    elif wanted.query:
        found.append(LedgerEntry.id == _entry_meant(wanted.query))
    return found


def _entry_meant(text: str) -> int:
    """The number of an entry, with or without its mark; one that there is not where it is none."""
    digits = text.removeprefix("#")
    fits = digits.isascii() and digits.isdecimal() and len(digits) <= _NUMBER_DIGITS
    return int(digits) if fits else 0


def _file(conditions: list[sa.ColumnElement[bool]]) -> Any:
    columns = (
        say("流水号", "Entry"),
        say("时间", "When"),
        say("会员号", "Member"),
        say("账户序号", "Number in the account"),
        say("事由", "For"),
        say("变动", "Change"),
        say("余额", "Balance"),
        say("凭据", "Reference"),
        say("说明", "Explanation"),
        say("经手", "By"),
    )
    return download("ledger", columns, _rows_of_file(conditions))


def _rows_of_file(conditions: list[sa.ColumnElement[bool]]) -> Iterator[Sequence[object]]:
    after: int | None = None
    for _ in range(EXPORT_ROWS // BATCH):
        rows = explorer.latest(conditions, after=after, limit=BATCH)
        numbers = explorer.numbers_of(row.account_id for row in rows)
        for row in rows:
            yield (
                row.id, in_shop_time(row.occurred_at).isoformat(sep=" ")[:19],
                numbers[row.account_id], row.seq, title(row.reason, language()), row.points,
                row.balance_after, row.reference, explained(row.explanation),
                explorer_words.by(row.actor),
            )  # fmt: skip
        if len(rows) < BATCH:
            return
        after = rows[-1].id


def _asked_for(_entry: Any) -> Cause:
    return Cause("审批记录", "Approvals", "/admin/approvals?state=any")


add_cause("request", _asked_for)
add_act(Act("ledger", "积分账户", "Points account", "book-2", rank=15))
add_door(Door(ADDRESS, "积分流水", "Ledger", "book-2", BOOKS, role="manager", rank=10))
name_subject(explorer_checking.SUBJECT, "积分账户", "Points account", f"{ADDRESS}/accounts/{{}}")
name_acts({explorer_checking.CHECK: ("核对积分账户", "Points account checked")})
