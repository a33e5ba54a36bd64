"""`flask offers …`: the merchant's hand on threshold offers, until pages take it over."""

import json
from pathlib import Path
from typing import Any

import click

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, now

from . import offer_book
from .offer_book import Published, spelt
from .offer_file import read_offers

offers_cli = AppGroup("offers", help="满减活动 · The shop's threshold offers.")


@offers_cli.command("load")
@a_file
def load_command(file: Path) -> None:
    """发布 FILE（JSON）中的满减 · Publish the offers of FILE; all of them, or none.

    已下单的消费不受影响。 What was placed stays as it is. Exit code 1: refused.
    """
    offers = read_json(file, read_offers, "满减")
    for one in offer_book.publish_all(offers, actor=actor()):
        click.echo(_line(one))


@offers_cli.command("list")
@click.option("--all", "show_all", is_flag=True, help="所有版本 · every version")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(*, show_all: bool, as_json: bool) -> None:
    """现行与将要开始的满减 · The offers that count or will, or every version."""
    found = offer_book.read_all()
    if not show_all:
        latest = {one.code: one for one in found}
        found = tuple(one for one in latest.values() if one.counts_at(now()))
    if as_json:
        click.echo(json.dumps([_told(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(_line(one))


@offers_cli.command("end")
@click.argument("code")
def end_command(code: str) -> None:
    """立即结束满减 CODE · End an offer now. Exit code 1: there is none."""
    click.echo(_line(offer_book.end(code, actor=actor())))


def _line(one: Published) -> str:
    told = _told(one)
    if one.offer is None:
        return f"{one.code:<16} v{one.version}  已结束 · ended {told['starts_at']}"
    every = "每" if one.offer.repeats else ""
    levels = "、".join(
        f"{every}满{threshold / 100:g}减{off / 100:g}" for threshold, off in one.offer.levels
    )
    until = told["ends_at"] or "…"
    return (
        f"{one.code:<16} v{one.version}  {one.offer.title_zh}  {levels}  "
        f"{told['starts_at']} – {until}"
    )


def _told(one: Published) -> dict[str, Any]:
    return {
        "code": one.code,
        "version": one.version,
        "starts_at": in_shop_time(one.starts_at).isoformat(),
        "ends_at": in_shop_time(one.ends_at).isoformat() if one.ends_at else None,
        "terms": spelt(one.offer) if one.offer else None,
    }
