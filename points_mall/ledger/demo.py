"""Members in any number, with points, for trying the shop at its size."""

import secrets
from collections.abc import Iterator
from datetime import timedelta

import click
from flask.cli import with_appcontext

from miniprogram_api.commands import AppCommand
from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.core.settings import settings
from miniprogram_api.members.models import Member, MemberIdentity
from miniprogram_api.members.rules import new_member_no

from . import posting
from .movements import Credit
from .reasons import declare

BATCH = 500
LONGEST_AGO_DAYS = 360

SEEDED = declare("seeded", "演示积分", "Demo points", counterparty="adjustment")


@click.command("seed", cls=AppCommand)
@click.option("--members", "count", type=click.IntRange(1, 10_000_000), required=True)
@click.option("--points", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@with_appcontext
def seed_command(count: int, points: int) -> None:
    """Enrol any number of invented members and give each some points.

    Their openids begin with `seed-`; a second run adds more.
    """
    if settings().is_production:
        raise click.ClickException(
            "生产环境不造会员 · invented members have no place in production"
        )
    with click.progressbar(length=count, label="会员 · members") as bar:
        for done in seed_members(count, points):
            bar.update(done)


def seed_members(count: int, points: int) -> Iterator[int]:
    """Enrol `count` members in batches, each one transaction; yields how many each batch was."""
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        with transaction() as session:
            joined_at = now() - timedelta(days=secrets.randbelow(LONGEST_AGO_DAYS))
            rows = [
                {"member_no": new_member_no(), "nickname_checked": False, "joined_at": joined_at}
                for _ in range(size)
            ]
            made = bulk.insert(session, Member.__table__, rows, returning=("id",))
            identities = [
                {
                    "member_id": row.id,
                    "appid": settings().wx_appid,
                    "openid": f"seed-{secrets.token_urlsafe(12)}",
                }
                for row in made
            ]
            bulk.insert(session, MemberIdentity.__table__, identities)
            posting.post([Credit(row.id, points, SEEDED, "seed") for row in made])
        yield size
