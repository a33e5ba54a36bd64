"""风控 · refusals with their reasons, the block list, and how fast anybody may go."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from marshmallow import validate

from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.http.schemas import Integer, Schema, Text
from miniprogram_api.members.models import Member
from miniprogram_api.pages.shell import say
from miniprogram_api.risk import blocks as block_list
from miniprogram_api.risk import decisions
from miniprogram_api.risk.errors import NoSuchDecision
from miniprogram_api.risk.limits import all_limits
from miniprogram_api.risk.models import Block, RiskDecision
from miniprogram_api.risk.subjects import Kind
from miniprogram_api.staff.guards import for_staff

from . import risk_acts, risk_words
from .acting import carried_out
from .csv_files import download
from .forms import Form, reason_sent
from .listing import Asked, Choice, asked, list_page, page_of
from .navigation import PEOPLE, Door, add_door

ADDRESS = "/admin/risk"
BLOCKS = f"{ADDRESS}/blocks"
SPANS_DAYS = (1, 7, 30, 365)
FOR_EVER = 0

blp = Blueprint("merchant_risk", __name__)


class NewBlockSchema(Schema):
    """Whom to block, how long, and why."""

    kind = Text(8, required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    named = Text(64, required=True)
    days = Integer(FOR_EVER, SPANS_DAYS[-1], required=True)
    reason = Text(200, required=True)


@blp.get(ADDRESS)
@for_staff("manager")
def refusals() -> Any:
    """Refusals, the latest first; the same as a file."""
    choices = _choices()
    wanted = asked(*choices, days=True)
    rows = db.session.scalars(_decisions(wanted)).all()
    numbers = member_numbers(row.subject for row in rows)
    return list_page(
        wanted,
        rows,
        "merchant/risk.html",
        file=lambda rows: _file(rows, numbers),
        choices=choices,
        numbers=numbers,
        words=risk_words,
    )


@blp.get(f"{ADDRESS}/<int:decision_id>")
@for_staff("manager")
def refusal(decision_id: int) -> str:
    """One refusal: its reasons, and the figures they rest on."""
    return _page(decision_id, Form())


@blp.post(f"{ADDRESS}/<int:decision_id>/lift")
@for_staff("manager")
def lift(decision_id: int) -> Any:
    """Lift a refusal."""
    return carried_out(
        lambda _form: risk_acts.lift(decision_id, reason_sent()),
        then=f"{ADDRESS}/{decision_id}",
        again=lambda form: _page(decision_id, form),
    )


@blp.get(BLOCKS)
@for_staff("manager")
def blocks() -> str:
    """The block list, the latest first."""
    return _block_page(Form())


@blp.post(BLOCKS)
@for_staff("manager")
def add_block() -> Any:
    """Block a member, an address or a device."""
    return carried_out(_add_block, then=BLOCKS, again=_block_page)


@blp.post(f"{BLOCKS}/<int:block_id>/lift")
@for_staff("manager")
def lift_block(block_id: int) -> Any:
    """Lift a block."""
    return carried_out(
        lambda _form: risk_acts.unblock(block_id, reason_sent()), then=BLOCKS, again=_block_page
    )


@blp.get(f"{ADDRESS}/limits")
@for_staff("manager")
def limits() -> str:
    """From where on figures count, and how fast anybody may go; changed in the settings only."""
    return render_template(
        "merchant/risk_limits.html", figures=decisions.limits(), paces=all_limits()
    )


def member_numbers(subjects: Iterable[str]) -> dict[str, str]:
    """The member numbers of subjects that are members: `member:7` → its number."""
    ids = {int(one.removeprefix("member:")) for one in subjects if one.startswith("member:")}
    query = sa.select(Member.id, Member.member_no).where(Member.id.in_(ids))
    return {f"member:{row.id}": row.member_no for row in db.session.execute(query)} if ids else {}


def _add_block(form: Form) -> None:
    told = form.load(NewBlockSchema())
    days = told["days"] or None
    risk_acts.block(Kind(told["kind"]), told["named"], reason=told["reason"], days=days)


def _choices() -> Sequence[Choice]:
    actions = [
        (code, *risk_words.ACTIONS.get(code, (code, code))) for code in decisions.REFUSED_FROM
    ]
    verdicts = [(code, *of[:2]) for code, of in risk_words.VERDICTS.items()]
    lifted = [("no", "未放行", "Not lifted"), ("yes", "已放行", "Lifted")]
    return (
        Choice("action", "全部行为", "Any action", actions),
        Choice("verdict", "全部结论", "Any verdict", verdicts),
        Choice("lifted", "放行与否", "Lifted or not", lifted),
    )


def _decisions(wanted: Asked) -> sa.Select[RiskDecision]:
    query = sa.select(RiskDecision).where(*wanted.within_days(RiskDecision.last_at))
    for name in ("action", "verdict"):
        if value := wanted.filters.get(name):
            query = query.filter_by(**{name: value})
    if lifted := wanted.filters.get("lifted"):
        is_lifted = RiskDecision.lifted_at.is_not(None)
        query = query.where(is_lifted if lifted == "yes" else ~is_lifted)
    if wanted.query:
        query = query.where(_meant(wanted.query))
    return wanted.latest(query, RiskDecision.id)


def _meant(text: str) -> sa.ColumnElement[bool]:
    """The refusal of a number, or those about the member of a number."""
    member_id = db.session.scalar(sa.select(Member.id).filter_by(member_no=text))
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else -1
    return sa.or_(RiskDecision.subject == f"member:{member_id}", RiskDecision.id == number)


def _page(decision_id: int, form: Form) -> str:
    found = db.session.get(RiskDecision, decision_id, populate_existing=True)
    if found is None:
        raise NoSuchDecision(f"no decision {decision_id}")
    return render_template(
        "merchant/decision.html",
        decision=found,
        member_no=member_numbers([found.subject]).get(found.subject),
        words=risk_words,
        form=form,
    )


def _block_page(form: Form) -> str:
    wanted = asked(
        Choice("state", "", "", [("over", "已结束", "Over")]),
    )
    query = sa.select(Block) if wanted.filters else block_list.in_force()
    listing = page_of(wanted, db.session.scalars(wanted.latest(query, Block.id)).all())
    spans = [(days, say(f"{days} 天", f"{days} days")) for days in SPANS_DAYS]
    return render_template(
        "merchant/blocks.html",
        listing=listing,
        numbers=member_numbers(f"{row.kind}:{row.subject}" for row in listing.rows),
        kinds=risk_words.KINDS,
        spans=[*spans, (FOR_EVER, say("直到解除", "Until lifted"))],
        form=form,
    )


def _file(rows: Sequence[RiskDecision], numbers: dict[str, str]) -> Any:
    columns = (
        say("编号", "Number"),
        say("对象", "Subject"),
        say("行为", "Action"),
        say("结论", "Verdict"),
        say("原因", "Reasons"),
        say("次数", "Times"),
        say("最近", "Latest"),
        say("放行", "Lifted by"),
    )
    return download("risk", columns, [_cells(row, numbers) for row in rows])


def _cells(row: RiskDecision, numbers: dict[str, str]) -> tuple[object, ...]:
    return (
        row.id,
        numbers.get(row.subject, row.subject),
        risk_words.action(row.action),
        row.verdict,
        "; ".join(risk_words.reason(code) for code in row.reasons.split(",")),
        row.times,
        in_shop_time(row.last_at).isoformat(),
        row.lifted_by,
    )


add_door(Door(ADDRESS, "风控", "Risk", "shield-exclamation", PEOPLE, role="manager", rank=80))
