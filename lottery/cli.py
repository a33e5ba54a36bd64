"""`flask lottery …`: the merchant's hand on the wheels, and the proof of every draw."""

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.db import db
from miniprogram_api.merchant.csv_files import harmless

from . import audit, published, services, versions
from .models import Draw, Wheel
from .paper import simulate_wheel
from .shown import state_of
from .wheel_file import read
from .winners import WINNER_COLUMNS, winner_row

lottery_cli = AppGroup("lottery", help="抽奖 · Lucky draws.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
a_wheel = click.argument("wheel_id", type=int)
FINDINGS_SHOWN = 100


@lottery_cli.command("create")
@a_file
def create_command(file: Path) -> None:
    """按 FILE（JSON）创建转盘 · Make the wheel of FILE. Exit code 1: refused, nothing changed."""
    terms = read_json(file, read, "转盘")
    wheel_id = services.create(terms, actor=actor())
    click.echo(json.dumps({"wheel_id": str(wheel_id), "version": 1}))


@lottery_cli.command("change")
@a_wheel
@a_file
def change_command(wheel_id: int, file: Path) -> None:
    """按 FILE 发布新版本，此后的抽奖适用 · A new version, for later draws."""
    terms = read_json(file, read, "转盘")
    version = services.change(wheel_id, terms, actor=actor())
    click.echo(json.dumps({"wheel_id": str(wheel_id), "version": version}))


@lottery_cli.command("close")
@a_wheel
def close_command(wheel_id: int) -> None:
    """提前结束 · Close a wheel for good; its draws stay and are proven."""
    services.close(wheel_id)
    click.echo("closed")


@lottery_cli.command("list")
@as_json
def list_command(*, as_json: bool) -> None:
    """所有转盘 · Every wheel."""
    told = _all_wheels()
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        click.echo(
            f"{one['id']:>4}  {one['state']:<8}  v{one['version']:<3}  {one['draws']:>8} draws"
            f"  {one['title']}"
        )


@lottery_cli.command("simulate")
@a_wheel
@click.option("--draws", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True)
@as_json
def simulate_command(wheel_id: int, draws: int, *, as_json: bool) -> None:
    """试算：期望成本、库存够用概率、模拟抽奖 · What so many draws would cost and give."""
    wheel = _standing(wheel_id)
    told = simulate_wheel(wheel.version, draws, shows_progress=not as_json)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for row in told["prizes"]:
        lasts = "" if row["lasts"] is None else f"  stock lasts {row['lasts']:.1%}"
        click.echo(
            f"{row['position']:>3}  {row['odds']:>9}  expected {row['expected']:>12}"
            f"  simulated {row['simulated']:>10}  {row['name']}{lasts}"
        )
    click.echo(
        f"每次抽奖平均送出 {told['points_each']} 积分、{told['fen_each']} 分钱的奖品；收取"
        f" {told['points_cost']} 积分 · a draw gives {told['points_each']} points and prizes worth"
        f" {told['fen_each']} fen, and costs {told['points_cost']} points"
    )


@lottery_cli.command("winners")
@a_wheel
@click.option("--csv", "to", type=click.File("w", encoding="utf-8-sig"), default="-",
              help="写入此文件 · write here; default: standard output")  # fmt: skip
def winners_command(wheel_id: int, to: Any) -> None:
    """导出中奖名单（存档） · Export who won, for the archive."""
    published.wheel_of(wheel_id)
    writer = csv.writer(to)
    writer.writerow(WINNER_COLUMNS)
    query = published.wins(wheel_id).order_by(Draw.id).execution_options(yield_per=500)
    for draw, prize, member in db.session.execute(query):
        writer.writerow(harmless(cell) for cell in winner_row(draw, prize, member))


@lottery_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """复算每一次抽奖 · Recompute every draw. Exit code 1: something differs, and is listed."""
    db.session.rollback()
    found = list(audit.findings(db.session()))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], ensure_ascii=False, default=str))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


def _standing(wheel_id: int) -> versions.Standing:
    published.wheel_of(wheel_id)
    return versions.standing(db.session(), [wheel_id])[wheel_id]


def _all_wheels() -> list[dict[str, Any]]:
    counted: dict[int, int] = dict(
        db.session.execute(sa.select(Draw.wheel_id, sa.func.count()).group_by(Draw.wheel_id)).all()
    )
    ids = list(db.session.scalars(sa.select(Wheel.id).order_by(Wheel.id)))
    standing = versions.standing(db.session(), ids)
    return [
        {
            "id": str(wheel_id),
            "title": standing[wheel_id].version.title,
            "state": state_of(standing[wheel_id]),
            "version": standing[wheel_id].version.version,
            "draws": counted.get(wheel_id, 0),
        }
        for wheel_id in ids
    ]
