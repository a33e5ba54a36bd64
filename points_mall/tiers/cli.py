"""`flask tiers …`: where members stand."""

import json

import click
from flask.cli import AppGroup

from miniprogram_api.core.errors import DomainError
from miniprogram_api.members.accounts import member_by_no

from . import services
from .ladder import LADDER, Tier

tiers_cli = AppGroup("tiers", help="会员等级 · Members' tiers.")
of_member = click.option("--member", "member_no", required=True, help="会员号 · member number")


@tiers_cli.command("set")
@of_member
@click.argument("code", type=click.Choice([tier.code for tier in LADDER]))
def set_command(member_no: str, code: str) -> None:
    """调整会员等级 · Move a member to a tier."""
    try:
        tier = services.set_tier(member_by_no(member_no).id, code)
    except DomainError as refusal:
        raise click.ClickException(f"{refusal.title_zh} · {refusal}") from None
    click.echo(_spelt(tier))


@tiers_cli.command("show")
@of_member
def show_command(member_no: str) -> None:
    """查看会员等级 · The tier of a member."""
    try:
        tier = services.tier_of(member_by_no(member_no).id)
    except DomainError as refusal:
        raise click.ClickException(f"{refusal.title_zh} · {refusal}") from None
    click.echo(_spelt(tier))


def _spelt(tier: Tier) -> str:
    told = {"code": tier.code, "rank": tier.rank, "name": tier.name_zh, "card": tier.card_zh}
    return json.dumps(told, ensure_ascii=False)
