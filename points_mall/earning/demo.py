"""Demo data: the shop's first earning rule."""

from miniprogram_api.core.db import db
from miniprogram_api.demo.seeds import Seeding

from . import rule_book
from .example import EXAMPLE

NOTE = "每消费1元得1积分 · a point a yuan"


def seed(seeding: Seeding) -> None:
    """Publish the example rule, where there is none yet."""
    if rule_book.versions(db.session()):
        return
    seeding.expect(1)
    rule_book.publish(EXAMPLE, note=NOTE)
    seeding.advance()
