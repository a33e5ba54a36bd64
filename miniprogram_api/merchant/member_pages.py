"""会员 · the list of members with its live search, and the page of one (360°) with its tabs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request

from miniprogram_api.core.errors import NotFound
from miniprogram_api.members.accounts import member_of_record, phone_of
from miniprogram_api.members.models import Member
from miniprogram_api.members.rules import masked_phone
from miniprogram_api.members.search import Found, Standing, find, way_of
from miniprogram_api.pages.shell import say
from miniprogram_api.risk.blocks import blocked_members
from miniprogram_api.staff.errors import RoleTooLow
from miniprogram_api.staff.guards import current_staff, for_staff
from miniprogram_api.staff.roles import may

from . import member_tabs
from .csv_files import download
from .forms import Form
from .listing import EXPORT_ROWS, PAGE_ROWS, Asked, Choice, Listing, asked
from .member_editing import block_of, note_list_export
from .member_tabs import Shown, Tab
from .navigation import PEOPLE, Door, add_door
from .shell import day

BATCH = 500
STATES = Choice(
    "state",
    "全部状态",
    "Any state",
    (
        (Standing.OPEN.value, "有效", "Open"),
        (Standing.BLOCKED.value, "已封禁", "Blocked"),
        (Standing.CLOSED.value, "已注销", "Closed"),
    ),
)

blp = Blueprint("merchant_members", __name__)


class NoSuchTab(NotFound):
    """No feature shows this of a member."""

    code = "no_such_tab"
    title_zh = "没有这一页"
    title_en = "No such tab"


@dataclass(frozen=True)
class Line:
    """A member in the list, with what features tell of them."""

    member_no: str
    name: str
    phone: str
    state: Shown
    cells: Sequence[Shown]

    @property
    def letter(self) -> str:
        """What stands in place of a portrait."""
        return self.name[:1]


@blp.get("/admin/members")
@for_staff("editor")
def members() -> str:
    """Those who fit what is typed, the newest first."""
    choices = _choices()
    wanted = asked(*choices)
    found = _found(wanted, wanted.after, PAGE_ROWS)
    listing = Listing(wanted, lines_of(found.members), found.next_before_id)
    return render_template(
        "merchant/members.html",
        listing=listing,
        choices=choices,
        columns=_columns(),
        total=member_tabs.total(),
    )


@blp.post("/admin/members/list.csv")
@for_staff("manager")
def members_as_file() -> Response:
    """The same as a file, with masked phones; that it was taken is written down, not who was sought."""
    wanted = asked(*_choices(), parts=request.form)
    facts = {"by": way_of(wanted.query).value if wanted.query else None, **wanted.filters}
    note_list_export(facts)
    headings = [
        say("会员号", "Number"), say("昵称", "Name"), say("手机", "Phone"),
        *(say(one.zh, one.en) for one in _columns()), say("状态", "State"), say("入会", "Joined"),
    ]  # fmt: skip
    return download("members", headings, _rows_of_file(wanted))


@blp.get("/admin/members/<member_no>")
@for_staff("editor")
def member(member_no: str) -> str:
    """A member's head, acts and tabs; the tabs fill themselves."""
    return member_page(member_of_record(member_no))


@blp.get("/admin/members/<member_no>/tabs/<code>")
@for_staff("editor")
def member_tab(member_no: str, code: str) -> str:
    """The content of one tab."""
    role = current_staff().role
    found = next((tab for tab in member_tabs.tabs_for("owner") if tab.code == code), None)
    if found is None:
        raise NoSuchTab(f"no tab {code[:32]}")
    if not may(role, found.role):
        raise RoleTooLow(f"needs role {found.role}", required=found.role, yours=role)
    return drawn_tab(member_of_record(member_no), found)


def drawn_tab(person: Member, tab: Tab, **more: Any) -> str:
    """A tab of a member, as it is put into the page."""
    told = {**tab.make(person.id), **more}
    return render_template(tab.template, member=person, tab=tab, **told)


def member_page(person: Member, form: Form | None = None) -> str:
    """The page of a member, with the form that was refused where one of its dialogs asked."""
    role = current_staff().role
    tabs = member_tabs.tabs_for(role)
    opened = request.args.get("tab", "")
    return render_template(
        "merchant/member.html",
        member=person,
        name=name_of(person),
        phone=_phone_shown(person),
        state=lines_of([person])[0].state,
        block=block_of(person.id),
        facts=[(say(fact.zh, fact.en), fact.make(person.id)) for fact in member_tabs.facts()],
        acts=[] if person.closed_at else member_tabs.acts_for(role),
        tabs=tabs,
        opened=next((tab for tab in tabs if tab.code == opened), tabs[0] if tabs else None),
        form=told_above(form),
    )


def told_above(form: Form | None) -> Form:
    """A refused form as a page shows it whose dialogs come and go.

    What gave its reason was refused by how things stand now: that is told above the page, for the
    dialog that asked may be gone, as where somebody else was faster.
    """
    if form is None:
        return Form()
    if form.value("reason"):
        form.values.pop("asked", None)
    return form


def name_of(person: Member) -> str:
    """What staff read of a member's name."""
    if person.closed_at is not None:
        return say("已注销会员", "Closed account")
    return person.nickname or say("未填昵称", "No name given")


def lines_of(found: Sequence[Member]) -> list[Line]:
    """Members with what features tell of them: as many questions as there are features."""
    ids = [person.id for person in found]
    told = [(columns, columns.make(ids)) for columns in member_tabs.columns()]
    blocked = set(blocked_members()) if ids else set()
    return [
        Line(
            person.member_no,
            name_of(person),
            _phone_shown(person),
            _standing(person, person.id in blocked, _all_cells(told, person.id)),
            [
                cells.get(person.id, {}).get(column.code, Shown("—"))
                for columns, cells in told
                for column in columns.columns
            ],
        )
        for person in found
    ]


def _all_cells(told: Sequence[Any], member_id: int) -> dict[str, Shown]:
    return {code: shown for _, cells in told for code, shown in cells.get(member_id, {}).items()}


def _standing(person: Member, blocked: bool, cells: dict[str, Shown]) -> Shown:  # noqa: FBT001 - a fact
    if person.closed_at is not None:
        return Shown(say("已注销", "Closed"), "secondary")
    if blocked:
        return Shown(say("已封禁", "Blocked"), "red")
    return cells.get("state", Shown(say("有效", "Open"), "green"))


def _phone_shown(person: Member) -> str:
    phone = phone_of(person)
    return masked_phone(phone) if phone else "—"


def _columns() -> list[member_tabs.Column]:
    return [column for columns in member_tabs.columns() for column in columns.columns]


def _choices() -> list[Choice]:
    return [STATES, *(sieve.choice() for sieve in member_tabs.sieves())]


def _found(wanted: Asked, before_id: int | None, limit: int) -> Found:
    state = wanted.filters.get("state")
    return find(
        wanted.query,
        standing=Standing(state) if state else None,
        among=[
            sieve.members(value)
            for sieve in member_tabs.sieves()
            if (value := wanted.filters.get(sieve.code))
        ],
        before_id=before_id,
        limit=limit,
    )


def _rows_of_file(wanted: Asked) -> Iterator[Sequence[object]]:
    before_id: int | None = None
    for _ in range(EXPORT_ROWS // BATCH):
        found = _found(wanted, before_id, BATCH)
        lines = zip(lines_of(found.members), found.members, strict=True)
        for line, person in lines:
            cells = [cell.text for cell in line.cells]
            joined_on = day(person.joined_at)
            yield [line.member_no, line.name, line.phone, *cells, line.state.text, joined_on]
        before_id = found.next_before_id
        if before_id is None:
            return


add_door(Door("/admin/members", "会员", "Members", "users", PEOPLE, rank=0))
