"""`flask coupons drop create | list | close`: the merchant's hand on drops."""

import json
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from points_mall.coupons.cli import as_json, coupons_cli
from points_mall.coupons.models import CouponTemplate
from points_mall.stock.remaining import remaining_of

from . import plan_file, plans
from .drops import Drop, read_all
from .models import CouponDrop, CouponDropPlan
from .states import state_at

drop_cli = AppGroup("drop", help="整点抢券 · Coupon drops: plans, and what each opens.")
coupons_cli.add_command(drop_cli)


@drop_cli.command("create")
@a_file
def create_command(file: Path) -> None:
    """发布 FILE（JSON）中的抢券活动 · Publish the plan of FILE. Exit code 1: refused, nothing changed."""
    terms = read_json(file, plan_file.read, "活动")
    plan_id = plans.create(terms, actor=actor())
    click.echo(json.dumps({"coupon_drop_plan_id": str(plan_id)}))


@drop_cli.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
def list_command(limit: int, *, as_json: bool) -> None:
    """活动与其场次，最新的在前 · Plans, the newest first, with what is open and opens next."""
    found = [_spelt(row) for row in db.session.execute(_plans(limit)).all()]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for plan in found:
        told = json.dumps(plan["schedule"], ensure_ascii=False)
        closed = "  closed" if plan["closed_at"] else ""
        click.echo(f"#{plan['id']} {plan['title']}  {plan['template']}  {told}{closed}")
        for drop in plan["drops"]:
            left = f"{drop['remaining']}/{plan['stock']}"
            click.echo(f"    drop {drop['id']}: {drop['opens_at']} {drop['state']:<8} {left}")


@drop_cli.command("close")
@click.argument("plan_id", type=int)
def close_command(plan_id: int) -> None:
    """立即关闭一个活动；已领的券不变 · Close a plan now; coupons that were won stay."""
    plans.close(plan_id)
    click.echo("closed")


def _plans(limit: int) -> sa.Select[CouponDropPlan, str]:
    return (
        sa.select(CouponDropPlan, CouponTemplate.code)
        .join(CouponTemplate, CouponTemplate.id == CouponDropPlan.template_id)
        .order_by(CouponDropPlan.id.desc())
        .limit(limit)
    )


def _spelt(row: Any) -> dict[str, Any]:
    plan: CouponDropPlan = row.CouponDropPlan
    return {
        "id": str(plan.id),
        "title": plan.title_zh,
        "template": row.code,
        "schedule": plan.schedule,
        "lasts_minutes": plan.lasts_minutes,
        "stock": plan.stock,
        "allowance": plan.allowance,
        "closed_at": plan.closed_at and in_shop_time(plan.closed_at).isoformat(),
        "drops": _drops_of(plan.id),
    }


def _drops_of(plan_id: int) -> list[dict[str, Any]]:
    """What is open and opens next."""
    query = (
        sa.select(CouponDrop.id)
        .filter_by(plan_id=plan_id, called_off_at=None)
        .where(CouponDrop.closes_at > now())
        .order_by(CouponDrop.opens_at)
    )
    found = read_all(db.session.scalars(query).all())
    left = remaining_of(drop.pool_id for drop in found)
    return [_spelt_drop(drop, left[drop.pool_id]) for drop in found]


def _spelt_drop(drop: Drop, remaining: int) -> dict[str, Any]:
    return {
        "id": str(drop.id),
        "opens_at": in_shop_time(drop.opens_at).isoformat(),
        "closes_at": in_shop_time(drop.closes_at).isoformat(),
        "state": state_at(now(), drop.opens_at, drop.closes_at).value,
        "remaining": remaining,
    }
