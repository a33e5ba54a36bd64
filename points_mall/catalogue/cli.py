"""`flask rewards …`: the merchant's hand on the catalogue, until pages take it over."""

import json
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup, a_file, read_json
from miniprogram_api.core.db import db
from points_mall.stock.remaining import remaining_of

from . import services
from .models import Reward, RewardVariant
from .reward_file import read

rewards_cli = AppGroup("rewards", help="积分商品 · Rewards in the catalogue.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@rewards_cli.command("create")
@a_file
def create_command(file: Path) -> None:
    """上架 FILE（JSON）中的商品 · Publish the reward of FILE. Exit code 1: refused, nothing changed."""
    terms, variants = read_json(file, read, "商品")
    reward_id = services.publish(terms, variants)
    click.echo(json.dumps({"reward_id": str(reward_id)}))


@rewards_cli.command("change")
@click.argument("reward_id", type=int)
@a_file
def change_command(reward_id: int, file: Path) -> None:
    """按 FILE 修改商品（库存与规格不变） · Change a reward; its variants and units stay."""
    terms, _variants = read_json(file, read, "商品")
    services.change(reward_id, terms)
    click.echo("changed")


@rewards_cli.command("list")
@as_json
def list_command(*, as_json: bool) -> None:
    """所有商品与剩余库存 · Every reward with what is left of it."""
    told = _all_rewards()
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        mark = " " if one["is_listed"] else "✗"
        left = ", ".join(f"#{v['id']} {v['name']} {v['remaining']}" for v in one["variants"])
        click.echo(f"{mark} {one['id']:>4}  {one['points']:>7}  {one['title']}  [{left}]")


@rewards_cli.command("stock")
@click.option("--variant", "variant_id", type=int, required=True, help="规格编号 · variant id")
@click.option("--by", type=int, required=True, help="增减数量 · above zero raises, below lowers")
def stock_command(variant_id: int, by: int) -> None:
    """增减库存 · Raise or lower the stock of a variant, while it runs."""
    services.change_stock(variant_id, by)
    click.echo("changed")


@rewards_cli.command("unlist")
@click.argument("reward_id", type=int)
@click.option("--back", is_flag=True, help="重新上架 · list it again")
def unlist_command(reward_id: int, *, back: bool) -> None:
    """下架 · Take a reward out of the catalogue; orders of it go on."""
    services.set_listed(reward_id, is_listed=back)
    click.echo("listed" if back else "unlisted")


def _all_rewards() -> list[dict[str, Any]]:
    rewards = db.session.scalars(
        sa.select(Reward).order_by(Reward.position.desc(), Reward.id.desc())
    ).all()
    variants = db.session.scalars(sa.select(RewardVariant).order_by(RewardVariant.id)).all()
    left = remaining_of(one.pool_id for one in variants)
    return [
        {
            "id": str(reward.id),
            "title": reward.title,
            "points": reward.points,
            "cash_fen": reward.cash_fen,
            "is_listed": reward.is_listed,
            "variants": [
                {"id": str(one.id), "name": one.name, "remaining": left[one.pool_id]}
                for one in variants
                if one.reward_id == reward.id
            ],
        }
        for reward in rewards
    ]
