"""积分商品 · the merchant's pages of rewards: the list, one reward with its stock, the editor, pictures."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, render_template
from marshmallow import EXCLUDE

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.merchant.act_names import name_acts, name_subject
from miniprogram_api.merchant.acting import carried_out
from miniprogram_api.merchant.csv_files import download
from miniprogram_api.merchant.desks import Desk, is_new
from miniprogram_api.merchant.drafts import drafts_of
from miniprogram_api.merchant.editing import Sheet
from miniprogram_api.merchant.fields import fen_typed
from miniprogram_api.merchant.forms import Form, as_typed, file_sent, reason_sent
from miniprogram_api.merchant.listing import Asked, Choice, asked, list_page
from miniprogram_api.merchant.navigation import SHOP, Door, add_door
from miniprogram_api.pages.shell import say
from miniprogram_api.staff.guards import for_staff
from points_mall.stock.remaining import remaining_of
from points_mall.tiers.ladder import tier_of_code, tier_of_rank, tiers

from . import merchant_editing, pictures
from .errors import PictureRefused, RewardNotValid
from .merchant_forms import WORDS, StockSchema, said_of, variant_meant_by
from .merchant_words import HANDED_OVER, STATES
from .models import Reward, RewardVariant
from .reward_file import VariantFileSchema
from .states import state_of
from .terms import DELIVERY, PICKUP

ADDRESS = "/admin/rewards"
LISTED, UNLISTED = "listed", "unlisted"
SHELF = Choice(
    "shelf", "上架与下架", "Listed or not",
    ((LISTED, "已上架", "Listed"), (UNLISTED, "已下架", "Unlisted")),
)  # fmt: skip
WAY = Choice(
    "way", "全部领取方式", "Any hand-over",
    ((PICKUP, "到店自取", "Pick-up"), (DELIVERY, "邮寄", "By post")),
)  # fmt: skip
COLUMNS = ("reward", "title", "points", "cash_fen", "fulfilment", "state", "remaining", "allowance",
           "available_from", "available_until", "position")  # fmt: skip

blp = Blueprint("catalogue_merchant", __name__, template_folder="templates")


@blp.get(ADDRESS)
@for_staff("editor")
def rewards() -> Any:
    """Every reward, the newest first."""
    wanted = asked(SHELF, WAY)
    return list_page(
        wanted,
        _rows(db.session.scalars(_wanted(wanted)).all()),
        "catalogue/merchant_rewards.html",
        file=lambda rows: download("rewards", COLUMNS, map(_line, rows)),
        choices=(SHELF, WAY),
        drafts=drafts_of(merchant_editing.KIND),
        states=STATES,
    )


@blp.get(f"{ADDRESS}/<id:reward_id>")
@for_staff("editor")
def reward(reward_id: int) -> str:
    """One reward: its terms, its variants, what is left."""
    return _reward_page(reward_id)


@blp.post(f"{ADDRESS}/<id:reward_id>/list")
@for_staff("editor")
def list_reward(reward_id: int) -> Any:
    """Show it in the catalogue again."""
    return _listed(reward_id, is_listed=True)


@blp.post(f"{ADDRESS}/<id:reward_id>/unlist")
@for_staff("editor")
def unlist_reward(reward_id: int) -> Any:
    """Take it out of the catalogue; orders of it go on."""
    return _listed(reward_id, is_listed=False)


@blp.post(f"{ADDRESS}/<id:reward_id>/variants/<id:variant_id>/stock")
@for_staff("editor")
def stock(reward_id: int, variant_id: int) -> Any:
    """Raise or lower the stock of a variant; never below what is owned."""

    def act(form: Form) -> None:
        by = form.load(StockSchema(unknown=EXCLUDE))["by"]
        merchant_editing.change_stock(reward_id, variant_id, by, reason_sent())

    return _carried_out(reward_id, act)


@blp.post(f"{ADDRESS}/<id:reward_id>/variants")
@for_staff("editor")
def add_variant(reward_id: int) -> Any:
    """Offer a further form of a reward."""

    def act(form: Form) -> None:
        variant = variant_meant_by(form, VariantFileSchema(unknown=EXCLUDE))
        try:
            merchant_editing.add_variant(reward_id, variant, reason_sent())
        except RewardNotValid as fault:
            refused = form.refused(fault)
            form.errors[""] = said_of(str(fault))
            raise refused from fault

    return _carried_out(reward_id, act)


@blp.post(f"{ADDRESS}/<string:key>/edit/pictures")
@for_staff("editor")
def add_picture(key: str) -> str:
    """Keep a picture, and answer with its row for the form; a file that is none, with why."""
    merchant_editing.running(key)
    form = as_typed()
    rows = form.rows("pictures")
    number = rows[-1] + 1 if rows else 0
    try:
        address = pictures.keep(file_sent("try-file"))
    except PictureRefused as refusal:
        said = form.refused(refusal).form.error("")
        return render_template("catalogue/merchant_picture.html", refused=said)
    form.values[f"pictures-{number}-address"] = address
    return render_template("catalogue/merchant_picture.html", form=form, number=number)


def _carried_out(reward_id: int, act: Any, told: str = "saved") -> Any:
    return carried_out(
        act,
        then=f"{ADDRESS}/{reward_id}",
        again=lambda form: _reward_page(reward_id, form),
        told=told,
    )


def _listed(reward_id: int, *, is_listed: bool) -> Any:
    return _carried_out(
        reward_id,
        lambda _form: merchant_editing.set_listed(reward_id, reason_sent(), is_listed=is_listed),
        told="done",
    )


def _reward_page(reward_id: int, form: Form | None = None) -> str:
    (row,) = _rows([merchant_editing.reward_with(reward_id)])
    return render_template(
        "catalogue/merchant_reward.html",
        row=row,
        reward=row["reward"],
        states=STATES,
        tier_of_rank=tier_of_rank,
        form=form or Form(),
    )


def _wanted(wanted: Asked) -> sa.Select[Reward]:
    query = sa.select(Reward)
    if wanted.query:
        query = query.where(Reward.title.icontains(wanted.query, autoescape=True))
    if shelf := wanted.filters.get("shelf"):
        query = query.where(Reward.is_listed == (shelf == LISTED))
    if way := wanted.filters.get("way"):
        query = query.where(Reward.fulfilment == way)
    return wanted.latest(query, Reward.id)


def _rows(found: Sequence[Reward]) -> list[dict[str, Any]]:
    """Rewards with their variants, what is left, and where they stand."""
    variants: dict[int, list[RewardVariant]] = {one.id: [] for one in found}
    for variant in merchant_editing.variants_of(list(variants)):
        variants[variant.reward_id].append(variant)
    left = remaining_of(one.pool_id for some in variants.values() for one in some)
    return [_row(one, variants[one.id], left) for one in found]


def _row(one: Reward, variants: Sequence[RewardVariant], left: dict[int, int]) -> dict[str, Any]:
    remaining = sum(left[variant.pool_id] for variant in variants)
    state = state_of(
        now(), one.available_from, one.available_until, remaining, rank=one.min_tier_rank,
        min_rank=one.min_tier_rank,
    ).value  # fmt: skip
    return {
        "id": one.id,
        "reward": one,
        "state": state if one.is_listed else UNLISTED,
        "remaining": remaining,
        "variants": [(variant, left[variant.pool_id]) for variant in variants],
    }


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    one: Reward = row["reward"]
    window = (one.available_from, one.available_until)
    told = (at and in_shop_time(at).isoformat() for at in window)
    return (one.id, one.title, one.points, one.cash_fen, one.fulfilment, row["state"],
            row["remaining"], one.allowance, *told, one.position)  # fmt: skip


def _preview(sheet: Sheet) -> str:
    form = as_typed()
    tier = tier_of_code(form.value("min_tier"))
    addresses = (form.value(f"pictures-{row}-address") for row in form.rows("pictures"))
    return render_template(
        "catalogue/merchant_preview.html",
        form=form,
        picture=next((one for one in addresses if one), ""),
        points=_whole(form.value("points")),
        cash_fen=fen_typed(form.value("cash_fen")) or 0,
        tier=say(tier.name_zh, tier.name_en) if tier and tier.rank else "",
        names=[form.value(f"variants-{row}-name") for row in form.rows("variants")],
        is_new=is_new(sheet.subject),
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0


def _facts(_key: str) -> dict[str, Any]:
    return {
        "tiers": [(tier.code, say(tier.name_zh, tier.name_en)) for tier in tiers()],
        "handed_over": [(code, say(zh, en)) for code, zh, en in HANDED_OVER],
    }


DESK = Desk(
    kind=merchant_editing.KIND,
    address=ADDRESS,
    template="catalogue/merchant_editor.html",
    words=WORDS,
    running=merchant_editing.running,
    publish=merchant_editing.publish,
    facts=_facts,
    preview=_preview,
)
DESK.tie(blp)
add_door(Door(ADDRESS, "积分商品", "Rewards", "gift", SHOP, rank=5))
name_subject("reward", "积分商品", "Reward", f"{ADDRESS}/{{}}")
name_subject("picture", "图片", "Picture", f"{pictures.FOLDER}/{{}}")
name_acts(
    {
        "reward.publish": ("发布积分商品", "Reward published"),
        "reward.change": ("修改积分商品", "Reward changed"),
        "reward.stock": ("调整商品库存", "Stock of a reward changed"),
        "reward.variant": ("新增商品规格", "Variant of a reward added"),
        "reward.list": ("上架或下架商品", "Reward listed or unlisted"),
        "reward.draft": ("保存商品草稿", "Draft of a reward saved"),
        "reward.discard_draft": ("丢弃商品草稿", "Draft of a reward discarded"),
        "picture.add": ("上传图片", "Picture added"),
    }
)
