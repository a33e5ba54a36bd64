"""`flask reports …` for the operator."""

import json
import sys
from dataclasses import asdict

import click

from miniprogram_api.commands import AppGroup
from miniprogram_api.core.db import db

from . import audit, mass, services

FINDINGS_SHOWN = 100

reports_cli = AppGroup("reports", help="总览数字 · The shop's figures: follow, rebuild, verify.")


@reports_cli.command("follow")
def follow_command() -> None:
    """现在就把新分录计入 · Count now what the next job would."""
    counted = services.follow()
    services.recount_recent()
    click.echo(f"{counted} counted · 已计入 {counted}")


@reports_cli.command("rebuild")
def rebuild_command() -> None:
    """从头重新统计 · Count everything anew; figures are too small until it has ended."""
    total = 0
    for step in services.rebuild():
        total += step
        click.echo(f"\r{total:,}", nl=False, err=True)
    click.echo(f"\r{total} counted · 已计入 {total}")


@reports_cli.command("fill")
@click.option("--members", type=click.IntRange(1, 10_000_000), required=True)
@click.option("--entries", type=click.IntRange(1, 100_000_000), required=True)
def fill_command(members: int, entries: int) -> None:
    """填入虚构会员与一年流水 · Fill an empty shop with invented members and a year of their points."""
    try:
        with click.progressbar(length=members, label="会员 · members") as bar:
            for done in mass.fill(members, entries):
                bar.update(done)
    except mass.NotEmpty as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo("统计 · counting")
    total = sum(services.rebuild())
    click.echo(f"{total} counted · 已计入 {total}")


@reports_cli.command("verify")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def verify_command(*, as_json: bool) -> None:
    """重新计数并比较 · Count again and compare. Exit code 1: something differs, and is listed."""
    found = list(audit.findings(db.session()))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], default=str))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)
