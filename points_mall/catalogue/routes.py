"""Catalogue endpoints."""

from typing import Any

import flask
import sqlalchemy as sa

from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.http.api import Blueprint
from miniprogram_api.pages.shell import YEAR_SECONDS

from . import shelf
from .errors import NoSuchReward
from .goods import listed as on_shelf
from .models import Product, Reward
from .pictures import FOLDER, MEDIA_TYPES, content_of
from .schemas import ProductSchema, RewardDetailSchema, RewardSchema

blp = Blueprint(
    "rewards",
    url_prefix="/api/v1/rewards",
    title="积分商品 Rewards",
    description="可用积分兑换的商品 · what points can buy",
)

goods = Blueprint(
    "goods",
    url_prefix="/api/v1/goods",
    title="在售商品 Goods",
    description="用钱购买的商品 · what is sold for money",
)

pictures = flask.Blueprint(
    "reward_pictures", __name__, static_folder="static", static_url_path="/static/rewards"
)
"""The pictures of the demo's rewards, and those that staff put in."""


@blp.get("")
@for_member
@blp.paged(
    RewardSchema,
    Reward.position,
    Reward.id,
    show=lambda rewards: shelf.seen_by(current_member_id(), rewards),
)
def rewards() -> sa.Select[*tuple[Any, ...]]:
    """积分商品 · The catalogue

    排序值大的在前。`state` 说明当前能否兑换：`available`、`upcoming`、`ended`、`sold_out`、`tier_too_low`。
    The highest position first. `state` tells whether this member can have it now, and if not, why.
    """
    return shelf.listed()


@blp.get("/<id:reward_id>")
@for_member
@blp.problems(NoSuchReward)
@blp.response(200, RewardDetailSchema)
def reward(reward_id: int) -> dict[str, Any]:
    """商品详情 · One reward

    未到开始时间可用 `server_time` 倒计时。 Count down to `available_from` by `server_time`.
    """
    return shelf.one_seen_by(current_member_id(), reward_id)


@goods.get("")
@for_member
@goods.paged(ProductSchema, Product.position, Product.id)
def products() -> sa.Select[*tuple[Any, ...]]:
    """在售商品 · What is on sale

    排序值大的在前；购买见 `POST /purchases`。 The highest position first; bought by `POST /purchases`.
    """
    return on_shelf()


@pictures.get(f"{FOLDER}/<string:name>")
@public
def picture(name: str) -> flask.Response:
    """A picture that staff put in; its address never shows another."""
    ending = name.rpartition(".")[2]
    response = flask.Response(content_of(name), mimetype=MEDIA_TYPES.get(ending, "image/png"))
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response
