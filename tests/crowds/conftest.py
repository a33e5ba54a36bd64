"""Twenty members, and what a process needs in order to join them."""

from pathlib import Path

import pytest
from flask import Flask

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import transaction
from miniprogram_api.members.models import Member
from tests.conftest import TEST_SETTINGS

from .shopper import Errand


def enrol(count: int) -> list[int]:
    """`count` members, by id; the first posting opens their accounts."""
    with transaction() as session:
        members = [Member(member_no=f"{number:012d}", joined_at=now()) for number in range(count)]
        session.add_all(members)
        session.flush()  # the ids are the answer
        return [member.id for member in members]


@pytest.fixture
def errand(app: Flask, database: str, redis_server: str, tmp_path: Path) -> Errand:
    """An errand on the database of `app`; its test says how many go and how often."""
    config = {**TEST_SETTINGS, "DATABASE_URL": database, "REDIS_URL": redis_server}
    return Errand(config, enrol(20), 0, [], 0, tmp_path / "history", tmp_path / "crowd")
