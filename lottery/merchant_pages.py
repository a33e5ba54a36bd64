"""幸运转盘 · the merchant's pages of wheels: the list, one wheel with its versions, the editor, who won."""

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template, request

from miniprogram_api.core.db import db
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.dashboard import Panel, add_panel
from miniprogram_api.merchant.desks import Desk
from miniprogram_api.merchant.drafts import drafts_of
from miniprogram_api.merchant.editing import Sheet, differences, sent_sheet
from miniprogram_api.merchant.forms import Form, FormRefused, as_typed, reason_sent
from miniprogram_api.merchant.listing import Choice, asked, page_of
from miniprogram_api.merchant.navigation import PLAY, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from points_mall.grants import merchant_rewards
from points_mall.ledger.explorer_causes import Cause, add_cause
from points_mall.tiers.ladder import tiers

from . import merchant_editing, merchant_figures, published, versions
from .errors import NoSuchWheel
from .merchant_forms import WORDS, form_of_version, meant_by
from .merchant_preview import PLANNED, SIMULATED, chart_of, number_in, simulated, sketch
from .merchant_words import HANDED_OVER, kind_named, kinds_of_prizes
from .models import Draw, Wheel
from .odds import odds_text
from .shown import ENDED, RUNNING, UPCOMING
from .versions import Version
from .winners import WINNER_COLUMNS, winner_row

STATES = Choice(
    "state",
    "全部状态",
    "Any state",
    (
        (RUNNING, "进行中", "Running"),
        (UPCOMING, "未开始", "To come"),
        (ENDED, "已结束", "Over"),
    ),
)

_MOST_ON_DASHBOARD = 6

blp = Blueprint("lottery_merchant", __name__, template_folder="templates")


@blp.get("/admin/wheels")
@for_staff("editor")
def wheels() -> Any:
    """Every wheel, the newest first, and the drafts."""
    wanted = asked(STATES)
    query = sa.select(Wheel).order_by(Wheel.id.desc()).limit(wanted.rows)
    if wanted.query:
        query = query.where(Wheel.title.icontains(wanted.query, autoescape=True))
    if state := wanted.filters.get("state"):
        query = query.where(merchant_figures.in_state(state))
    if wanted.after is not None:
        query = query.where(Wheel.id < wanted.after)
    found = db.session.scalars(query).all()
    if wanted.wants_csv:
        return _wheels_as_csv(found)
    listing = page_of(wanted, found)
    return render_template(
        "lottery/merchant_wheels.html",
        listing=listing,
        rows=merchant_figures.rows_of(listing.rows),
        choices=(STATES,),
        drafts=drafts_of(merchant_editing.KIND),
    )


@blp.get("/admin/wheels/<id:wheel_id>")
@for_staff("editor")
def wheel(wheel_id: int) -> str:
    """One wheel: how it does, its prizes, its versions."""
    return _wheel_page(wheel_id)


@blp.post("/admin/wheels/<id:wheel_id>/close")
@for_staff("editor")
def close(wheel_id: int) -> Any:
    """Close a wheel for good."""
    return carried_out(
        lambda _form: merchant_editing.close(wheel_id, reason_sent()),
        then=f"/admin/wheels/{wheel_id}",
        again=lambda form: _wheel_page(wheel_id, form),
    )


@blp.get("/admin/wheels/<id:wheel_id>/compare")
@for_staff("editor")
def compare(wheel_id: int) -> str:
    """Two versions side by side."""
    published.wheel_of(wheel_id)
    known = {one.version: one for one in versions.read_versions(db.session(), wheel_id)}
    newest = max(known)
    before = known.get(request.args.get("from", type=int) or newest - 1)
    after = known.get(request.args.get("to", type=int) or newest)
    if before is None or after is None:
        raise NoSuchWheel(f"wheel {wheel_id} has {newest} versions")
    return render_template(
        "lottery/merchant_compare.html",
        wheel_id=wheel_id,
        before=before,
        after=after,
        known=sorted(known),
        differences=differences(_form_of(before), _form_of(after), WORDS),
    )


@blp.get("/admin/wheels/<id:wheel_id>/winners")
@for_staff("editor")
def winners(wheel_id: int) -> Any:
    """Who won something, the latest first; the same as a file."""
    found = published.wheel_of(wheel_id)
    wanted = asked()
    query = published.wins(wheel_id).order_by(Draw.id.desc()).limit(wanted.rows)
    if wanted.after is not None:
        query = query.where(Draw.id < wanted.after)
    won = db.session.execute(query).all()
    if wanted.wants_csv:
        lines = [winner_row(draw, prize, member) for draw, prize, member in won]
        return download(f"winners-{wheel_id}", WINNER_COLUMNS, lines)
    shown = [{"id": draw.id, "draw": draw, "prize": prize, "member": member}
             for draw, prize, member in won]  # fmt: skip
    listing = page_of(wanted, shown)
    return render_template("lottery/merchant_winners.html", wheel=found, listing=listing)


@blp.post("/admin/wheels/<string:key>/edit/simulate")
@for_staff("editor")
def simulate(key: str) -> str:
    """Ten thousand draws of what is typed; writes nothing."""
    sheet = sent_sheet(merchant_editing.KIND, key)
    try:
        rows = simulated(meant_by(sheet.form))
    except FormRefused as refused:
        return render_template("lottery/merchant_simulated.html", errors=refused.form.errors)
    names = [name for name, *_ in rows]
    chart = chart_of(names, [expected for *_, expected, _came in rows], [row[-1] for row in rows])
    return render_template(
        "lottery/merchant_simulated.html", rows=rows, draws=SIMULATED, chart=chart
    )


def _wheel_page(wheel_id: int, form: Form | None = None) -> str:
    row = merchant_figures.rows_of([published.wheel_of(wheel_id)])[0]
    version = row.wheel.version
    seen = merchant_figures.seen(version)
    shares = [(one.weight * 100 / version.weight_total) for one in version.prizes]
    came = [(seen.share_bp(one.position) or 0) / 100 for one in version.prizes]
    return render_template(
        "lottery/merchant_wheel.html",
        row=row,
        version=version,
        seen=seen,
        pots=merchant_figures.pots(one.pool_id for one in version.prizes),
        odds_of=lambda one: odds_text(one.weight, version.weight_total),
        kind_named=kind_named,
        chart=chart_of([one.name for one in version.prizes], shares, came),
        history=list(reversed(versions.read_versions(db.session(), wheel_id))),
        form=form or Form(),
    )


def _preview(sheet: Sheet) -> str:
    planned = number_in(sheet.own, "try-planned") or PLANNED
    return render_template("lottery/merchant_preview.html", sketch=sketch(as_typed(), planned))


def _facts(_key: str) -> dict[str, Any]:
    return {
        "kinds": [(code, say(zh, en)) for code, zh, en in kinds_of_prizes()],
        "handed_over": [(code, say(zh, en)) for code, zh, en in HANDED_OVER],
        "tiers": [(tier.code, say(tier.name_zh, tier.name_en)) for tier in tiers()],
        "named": merchant_rewards.named(),
        "planned": PLANNED,
    }


def _form_of(version: Version) -> Any:
    return form_of_version(version, merchant_figures.units_in_all(version))


def _wheels_as_csv(found: Any) -> Any:
    lines = [
        (row.id, row.wheel.version.title, row.state, row.wheel.version.version, row.drawn_today,
         row.drawn, row.given_fen, row.budget_fen)
        for row in merchant_figures.rows_of(found)
    ]  # fmt: skip
    columns = ("wheel", "title", "state", "version", "draws_today", "draws", "given_fen",
               "budget_fen")  # fmt: skip
    return download("wheels", columns, lines)


DESK = Desk(
    kind=merchant_editing.KIND,
    address="/admin/wheels",
    template="lottery/merchant_editor.html",
    words=WORDS,
    running=merchant_editing.running,
    publish=merchant_editing.publish,
    facts=_facts,
    preview=_preview,
)
DESK.tie(blp)


def _panel() -> dict[str, Any]:
    """The wheels that are drawn today."""
    wheels = sa.select(Wheel).where(merchant_figures.in_state(RUNNING)).order_by(Wheel.id.desc())
    found = db.session.scalars(wheels.limit(_MOST_ON_DASHBOARD)).all()
    return {"rows": merchant_figures.rows_of(found)}


def _cause(entry: Any) -> Cause | None:
    """The wheel whose draw an entry paid for, or gave; its winners name the draw."""
    wheel_id = (entry.explanation or {}).get("wheel")
    return Cause("查看转盘", "The wheel", f"/admin/wheels/{wheel_id}") if wheel_id else None


add_cause("draw", _cause)
add_panel(Panel("wheels", "lottery/merchant_panel.html", _panel, columns=7, rank=21))
add_door(Door("/admin/wheels", "幸运转盘", "Lucky wheels", "steering-wheel", PLAY, rank=20))
name_subject("wheel", "转盘", "Wheel", "/admin/wheels/{}")
name_acts(
    {
        "wheel.publish": ("发布转盘", "Wheel published"),
        "wheel.close": ("结束转盘", "Wheel closed"),
        "wheel.draft": ("保存转盘草稿", "Draft of a wheel saved"),
        "wheel.discard_draft": ("丢弃转盘草稿", "Draft of a wheel discarded"),
    }
)
