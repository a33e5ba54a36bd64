"""`flask risk …`: what was refused and why, lifted by hand; the block list."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup, actor
from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db

from . import blocks, decisions, subjects
from .models import Block, RiskDecision
from .subjects import Kind

risk_cli = AppGroup("risk", help="反作弊 · Anti-abuse: refusals and the block list.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def _names_somebody(command: Callable[..., Any]) -> Callable[..., Any]:
    for kind, what in (
        (Kind.DEVICE, "The device's id, as it stands in X-Device-Id."),
        (Kind.ADDRESS, "A network address; of IPv6 its /64 is meant."),
        (Kind.MEMBER, "The member's number."),
    ):
        command = click.option(f"--{kind.value}", kind.value, help=what)(command)
    return command


@risk_cli.command("decisions")
@click.option("--member", "member_no", help="Only those about this member.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
def decisions_command(member_no: str | None, limit: int, *, as_json: bool) -> None:
    """Refusals, the latest first, with their reasons."""
    subject = member_no and f"member:{subjects.subject_of(Kind.MEMBER, member_no)}"
    rows = db.session.scalars(decisions.latest(subject).limit(limit)).all()
    _tell([_spelt_decision(row) for row in rows], _decision_line, as_json=as_json)


@risk_cli.command("lift")
@click.argument("decision_id", type=int)
@click.option("--reason", required=True, help="For people; kept.")
def lift_command(decision_id: int, reason: str) -> None:
    """Lift a refusal: for some days its subject is not refused for the same reasons."""
    row = decisions.lift(decision_id, actor=actor(), why=reason)
    until = row.exempt_until and in_shop_time(row.exempt_until).isoformat()
    click.echo(f"已放行 lifted: {row.subject} {row.action} {row.reasons} · 至 until {until}")


@risk_cli.command("block")
@_names_somebody
@click.option("--reason", required=True, help="For people; kept.")
@click.option(
    "--hours", type=click.IntRange(1, 24 * 3660), help="Until it ends; else until lifted."
)
def block_command(
    member: str | None, address: str | None, device: str | None, reason: str, hours: int | None
) -> None:
    """Block a member, an address or a device."""
    kind, subject = _named(member, address, device)
    until = now() + timedelta(hours=hours) if hours else None
    number = blocks.block(kind, subject, reason=reason, actor=actor(), until=until)
    click.echo(f"已封禁 blocked: {kind.value} {subject} · #{number}")


@risk_cli.command("unblock")
@_names_somebody
def unblock_command(member: str | None, address: str | None, device: str | None) -> None:
    """Lift the block of a member, an address or a device. Exit code 1: there was none."""
    kind, subject = _named(member, address, device)
    if not blocks.unblock(kind, subject, actor=actor()):
        raise click.ClickException("没有生效的封禁 · no block is in force")
    click.echo(f"已解封 unblocked: {kind.value} {subject}")


@risk_cli.command("blocks")
@as_json
def blocks_command(*, as_json: bool) -> None:
    """The blocks in force, the latest first: whom, why, by whom, until when."""
    rows: sa.ScalarResult[Block] = db.session.scalars(blocks.in_force())
    _tell([_spelt_block(row) for row in rows], _block_line, as_json=as_json)


def _named(member: str | None, address: str | None, device: str | None) -> tuple[Kind, str]:
    given = {Kind.MEMBER: member, Kind.ADDRESS: address, Kind.DEVICE: device}
    named = [(kind, text) for kind, text in given.items() if text]
    if len(named) != 1:
        raise click.UsageError("name one of --member, --address, --device")
    [(kind, text)] = named
    return kind, subjects.subject_of(kind, text)


def _spelt_decision(row: RiskDecision) -> dict[str, Any]:
    return {
        "id": row.id,
        "subject": row.subject,
        "action": row.action,
        "verdict": row.verdict,
        "reasons": row.reasons.split(","),
        "inputs": row.inputs,
        "rule_version": row.rule_version,
        "times": row.times,
        "last_at": in_shop_time(row.last_at).isoformat(),
        "lifted_by": row.lifted_by,
        "lifted_why": row.lifted_why,
        "exempt_until": row.exempt_until and in_shop_time(row.exempt_until).isoformat(),
    }


def _spelt_block(row: Block) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "subject": row.subject,
        "reason": row.reason,
        "added_by": row.added_by,
        "added_at": in_shop_time(row.added_at).isoformat(),
        "until": row.until and in_shop_time(row.until).isoformat(),
    }


def _tell(
    found: list[dict[str, Any]], line: Callable[[dict[str, Any]], str], *, as_json: bool
) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        click.echo(line(one))


def _decision_line(one: dict[str, Any]) -> str:
    lifted = f" · 已放行 lifted by {one['lifted_by']}" if one["lifted_by"] else ""
    reasons = ", ".join(one["reasons"])
    return (
        f"#{one['id']} {one['last_at']} {one['subject']} {one['action']} {one['verdict']}"
        f" ×{one['times']} [{reasons}]{lifted}"
    )


def _block_line(one: dict[str, Any]) -> str:
    until = one["until"] or "—"
    return f"#{one['id']} {one['kind']} {one['subject']} · {one['reason']} · {one['added_by']} · {until}"
