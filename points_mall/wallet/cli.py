"""`flask wallet …` for the operator."""

import json
import secrets
import sys
from dataclasses import asdict

import click

from miniprogram_api.commands import AppGroup, actor, read_given
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import member_id_of_no

from . import audit, plans, services, statements
from .movements import Part, WalletPosted
from .schemas import WalletPlanSchema

wallet_cli = AppGroup(
    "wallet", help="会员钱包 · Members' wallets: stored value and cashback, in fen."
)
plans_cli = AppGroup("plans", help="储值方案 · The plans to top up with.")
wallet_cli.add_command(plans_cli)

of_member = click.option("--member", "member_no", required=True, help="会员号 · member number")
because = click.option(
    "--reason", required=True, help="写给人看，永久保存 · for people; kept in the entry for ever"
)
once = click.option(
    "--reference", help="同一编号只记一次 · makes a repeat harmless; made up where not given"
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
FINDINGS_SHOWN = 100
A_MOVEMENT = click.IntRange(-(10**10), 10**10)


@wallet_cli.command("show")
@of_member
def show_command(member_no: str) -> None:
    """查看钱包 · What a member's wallet holds."""
    figures = statements.figures_of(member_id_of_no(member_no))
    click.echo(json.dumps({"balance_fen": figures.balance_fen, **figures._asdict()}))


@wallet_cli.command("adjust")
@of_member
@click.option("--principal", type=A_MOVEMENT, help="本金增减（分）· fen of principal")
@click.option("--bonus", type=A_MOVEMENT, help="赠送金增减（分）· fen of bonus")
@because
@once
@as_json
def adjust_command(
    member_no: str,
    principal: int | None,
    bonus: int | None,
    reason: str,
    reference: str | None,
    *,
    as_json: bool,
) -> None:
    """人工调整 · Give (above zero) or take (below zero) by hand. Exit code 1: nothing moved."""
    if (principal is None) == (bonus is None):
        raise click.UsageError("--principal 与 --bonus 二选一 · exactly one of the two")
    part = Part.BONUS if principal is None else Part.PRINCIPAL
    posted = services.adjust(
        member_id_of_no(member_no),
        part,
        principal or bonus or 0,
        why=reason,
        reference=_reference(reference),
        actor=actor(),
    )
    _tell(posted, as_json=as_json)


@wallet_cli.command("pay-back")
@of_member
@click.option(
    "--amount", type=click.IntRange(1, 10**10), help="分；不填为全部本金 · fen; all where not given"
)
@because
@once
@as_json
def pay_back_command(
    member_no: str, amount: int | None, reason: str, reference: str | None, *, as_json: bool
) -> None:
    """登记已退还会员的本金 · Record principal that was handed back. Exit code 1: nothing moved."""
    posted = services.pay_back(
        member_id_of_no(member_no),
        amount,
        why=reason,
        reference=_reference(reference),
        actor=actor(),
    )
    _tell(posted, as_json=as_json)


@wallet_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """核对全部钱包 · Replay every wallet from its entries. Exit code 1: something differs."""
    found = list(audit.findings(db.session()))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], default=str))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


@plans_cli.command("list")
@as_json
def list_plans_command(*, as_json: bool) -> None:
    """所有方案 · Every plan, those no longer offered among them."""
    told = [
        {**WalletPlanSchema().dump(plan), "is_listed": plan.is_listed}
        for plan in plans.plans_of_the_shop(listed_only=False)
    ]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        mark = " " if one["is_listed"] else "✗"
        click.echo(f"{mark} {one['code']}  {one['pay_fen']} + {one['bonus_fen']}  {one['title']}")


@plans_cli.command("set")
@click.argument("code")
@click.option("--title", required=True, help="名称 · what shoppers read")
@click.option("--pay", "pay_fen", type=int, required=True, help="实付（分）· fen to pay")
@click.option(
    "--bonus", "bonus_fen", type=int, default=0, show_default=True, help="赠送（分）· fen"
)
def set_plan_command(code: str, title: str, pay_fen: int, bonus_fen: int) -> None:
    """新增或修改方案 · Offer a plan, or change it for those who buy it from now on."""
    given = {"code": code, "title": title, "pay_fen": pay_fen, "bonus_fen": bonus_fen}
    plans.put_plan(**read_given(given, WalletPlanSchema().load, "方案"))
    click.echo("offered")


@plans_cli.command("unlist")
@click.argument("code")
def unlist_plan_command(code: str) -> None:
    """下架方案 · Offer a plan no longer; what was bought of it stays."""
    plans.unlist_plan(code)
    click.echo("unlisted")


def _reference(given: str | None) -> str:
    return given or f"cli:{secrets.token_hex(8)}"


def _tell(posted: WalletPosted, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**asdict(posted), "amount_fen": posted.amount_fen}))
        return
    click.echo(
        f"{posted.amount_fen:+} · 本金 principal {posted.principal_after}"
        f" · 赠送 bonus {posted.bonus_after} · 欠款 debt {posted.debt_fen}"
    )
