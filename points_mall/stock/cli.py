"""`flask stock …`: prove, rebuild and sweep the numbered units."""

import json
import sys
from dataclasses import asdict

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup
from miniprogram_api.core.db import db

from . import audit, rebuilding, sweeping
from .models import StockPool

stock_cli = AppGroup("stock", help="库存 · Numbered stock: verify, rebuild, sweep.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
FINDINGS_SHOWN = 100


@stock_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """核对 Redis、库存与订单 · Compare Redis, units and orders. Exit code 1: something differs."""
    found = list(audit.everything())
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], ensure_ascii=False, default=str))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


@stock_cli.command("rebuild")
@click.option(
    "--pool", "code", help="库存编码，例如 reward:7:1 · one pool; default: every loaded one."
)
def rebuild_command(code: str | None) -> None:
    """按数据库重建 Redis · Load Redis again from the database."""
    query = sa.select(StockPool.id).order_by(StockPool.id)
    loaded = query.where(StockPool.loaded_at.is_not(None))  # others need no Redis, or not yet
    ids = db.session.scalars(loaded if code is None else query.filter_by(code=code)).all()
    if code is not None and not ids:
        raise click.ClickException(f"没有此库存 · no pool {code}")
    for pool_id in ids:
        rebuilding.load(pool_id)
    click.echo(f"{len(ids)} pools loaded · 已重建 {len(ids)} 个")


@stock_cli.command("sweep")
@as_json
def sweep_command(*, as_json: bool) -> None:
    """归还中断请求占用的库存 · Give back units that a crash left taken, and reconcile."""
    given_back, reloaded = sweeping.sweep_all(), sweeping.reconcile_all()
    told = {"orders_given_back": given_back, "pools_reloaded": reloaded}
    plain = f"归还 given back {given_back} · 重建 reloaded {len(reloaded)}"
    click.echo(json.dumps(told) if as_json else plain)
