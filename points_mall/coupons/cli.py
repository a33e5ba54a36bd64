"""`flask coupons …`: the merchant's hand on coupons, until pages take it over."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from miniprogram_api.commands import EXISTING_FILE, AppGroup, a_file, actor, read_json
from miniprogram_api.core.db import db
from points_mall.grants.rewards import Reward, reward_from_json

from . import audit, code_file, ending, lists, occasions, templates
from .errors import FileRefused
from .list_file import NotText, lines_of
from .models import Coupon
from .outside import HAND_OUT, REDEEM
from .template_file import read_templates
from .words import summary

FINDINGS_SHOWN = 100

coupons_cli = AppGroup("coupons", help="优惠券 · Coupons.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@coupons_cli.command("load")
@a_file
def load_command(file: Path) -> None:
    """发布 FILE（JSON）中的券模板 · Publish the templates of FILE; all of them, or none.

    已发出的券不受影响。 What was issued stays as it is. Exit code 1: refused.
    """
    drafts = read_json(file, read_templates, "券模板")
    for one in templates.publish_all(drafts, actor=actor()):
        click.echo(f"{one.code}  v{one.version}  {one.title_zh}  {summary(one.terms, 'zh')}")


@coupons_cli.command("list")
@as_json
def list_command(*, as_json: bool) -> None:
    """所有券模板与发放情况 · Every template, and how many coupons of it stand where."""
    counts: dict[int, dict[str, int]] = {}
    query = sa.select(Coupon.template_id, Coupon.state, sa.func.count())
    for template_id, state, count in db.session.execute(
        query.group_by(Coupon.template_id, Coupon.state)
    ):
        counts.setdefault(template_id, {})[state] = count
    told: list[dict[str, Any]] = [
        {
            "code": one.code,
            "version": one.version,
            "title": one.title_zh,
            "is_listed": one.is_listed,
            "summary": summary(one.terms, "zh"),
            "terms": one.copied,
            "coupons": counts.get(one.id, {}),
        }
        for one in templates.all_templates()
    ]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for row in told:
        stand = " ".join(f"{state}={count}" for state, count in sorted(row["coupons"].items()))
        click.echo(
            f"{row['code']:<16} v{row['version']}  {row['title']}  {row['summary']}  {stand}"
        )


@coupons_cli.command("issue")
@click.option("--template", "template", required=True, help="券模板 · code of the template")
@click.option(
    "--members",
    "file",
    required=True,
    type=EXISTING_FILE,
    help="会员号名单（CSV，每行一个） · member numbers, one a line",
)
@click.option(
    "--batch", help="批次名；默认由文件与模板得出 · name of the run; made of both by default"
)
@click.option(
    "--failures",
    type=click.Path(dir_okay=False, path_type=Path),
    help="未发放名单；默认 FILE.failures.csv · who could not have it",
)
def issue_command(template: str, file: Path, batch: str | None, failures: Path | None) -> None:
    """按名单发券 · Issue to the members of a file. A run that was cut short is simply run again.

    Exit code 1: refused, or somebody could not have it.
    """
    failures = failures or file.with_suffix(".failures.csv")
    batch = batch or lists.batch_of(file, template)
    totals = {"issued": 0, "had_before": 0, "failed": 0}
    count = _line_count(file)
    columns = TextColumn("发券 · issuing"), BarColumn(), MofNCompleteColumn()
    with (
        failures.open("w", encoding="utf-8-sig", newline="") as sink,
        Progress(*columns, TimeRemainingColumn()) as progress,
    ):
        task = progress.add_task("", total=count)
        for done in lists.issue_to_list(file, template, batch=batch, failures=sink, actor=actor()):
            progress.advance(task, done.lines)
            for name in totals:
                totals[name] += getattr(done, name)
    click.echo(json.dumps({"batch": batch, **totals, "failures": str(failures)}))
    sys.exit(1 if totals["failed"] else 0)


@coupons_cli.command("import-codes")
@a_file
@click.option("--template", "template", required=True, help="券模板 · code of the template")
@click.option(
    "--purpose",
    type=click.Choice([REDEEM, HAND_OUT]),
    required=True,
    help="redeem: 会员输入换券 · members type them in; hand_out: 随券发出 · each coupon carries one",
)
@click.option("--batch", default="", help="批次备注 · a name for this import")
def import_command(file: Path, template: str, purpose: str, batch: str) -> None:
    """导入外部券码（CSV，UTF-8 或 GBK） · Import outside codes; all of them, or none.

    Exit code 1: refused, with the lines that are wrong.
    """
    try:
        done = code_file.import_codes(file, template, purpose, batch or file.name[:64])
    except FileRefused as refusal:
        for fault in refusal.numbers["lines"]:  # type: ignore[attr-defined]
            click.echo(f"line {fault['line']}: {fault['problem']}", err=True)
        raise
    click.echo(json.dumps(asdict(done)))


@coupons_cli.command("void")
@click.argument("codes", nargs=-1, required=True)
@click.option("--reason", required=True, help="原因，永久保存 · why; kept for ever")
def void_command(codes: tuple[str, ...], reason: str) -> None:
    """作废未使用的券 · Make unused coupons worthless; all of them, or none."""
    count = ending.void(codes, reason, actor=actor())
    click.echo(f"{count} voided")


@coupons_cli.command("gift")
@click.argument("occasion", type=click.Choice(list(occasions.OCCASIONS)))
@click.argument("rewards", required=False)
def gift_command(occasion: str, rewards: str | None) -> None:
    """开卡礼包、生日礼 · What is given on an occasion; REWARDS (JSON) says it anew, [] ends it.

    flask coupons gift welcome '[{"kind": "coupon", "amount": 1, "item": "welcome20"}]'
    """
    if rewards is not None:
        occasions.publish(occasion, _rewards(rewards), actor=actor())
    told = [one.as_json() for one in occasions.rewards_on(occasion)]
    click.echo(json.dumps(told, ensure_ascii=False))


@coupons_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """核对每张券与其记录 · Compare every coupon with its history. Exit code 1: something differs."""
    found = list(audit.findings())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found[:FINDINGS_SHOWN]:
            click.echo(str(one))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


def _line_count(file: Path) -> int:
    try:
        return sum(1 for _line in lines_of(file, lists.HEADINGS))
    except NotText as error:
        raise click.ClickException(f"文件编码不是 UTF-8 或 GBK · {error}") from None


def _rewards(spelt: str) -> list[Reward]:
    try:
        return [reward_from_json(one) for one in json.loads(spelt)]
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"不是奖励列表 · not a list of rewards: {error}") from None
