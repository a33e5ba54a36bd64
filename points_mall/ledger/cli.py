"""`flask points …` and `flask ledger …` for the operator."""

import json
import secrets
import sys
from dataclasses import asdict

import click

from miniprogram_api.commands import AppGroup, actor
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import member_id_of_no

from . import audit, services, statements

points_cli = AppGroup("points", help="Members' points: show, adjust.")
ledger_cli = AppGroup("ledger", help="The points ledger: verify.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
FINDINGS_SHOWN = 100


@points_cli.command("adjust")
@click.option("--member", "member_no", required=True, help="The member's number.")
@click.option("--points", type=int, required=True, help="Above zero gives, below zero takes.")
@click.option("--reason", required=True, help="For people; kept in the entry for ever.")
@click.option("--reference", help="Makes a repeat harmless; made up where not given.")
@as_json
def adjust_command(
    member_no: str, points: int, reason: str, reference: str | None, *, as_json: bool
) -> None:
    """Give or take points by hand. Exit code 1: refused, and nothing moved."""
    posted = services.adjust(
        member_id_of_no(member_no),
        points,
        why=reason,
        reference=reference or f"cli:{secrets.token_hex(8)}",
        actor=actor(),
    )
    told = {"points": posted.points, "available": posted.available, "repeated": posted.repeated}
    click.echo(
        json.dumps(told) if as_json else f"{posted.points:+} · 可用 available {posted.available}"
    )


@points_cli.command("show")
@click.option("--member", "member_no", required=True, help="The member's number.")
def show_command(member_no: str) -> None:
    """What a member has."""
    click.echo(json.dumps(statements.balances(member_id_of_no(member_no))))


@ledger_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """Replay every account from its entries. Exit code 1: something differs, and is listed."""
    found = list(audit.findings(db.session()))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], default=str))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)
