"""The verifier finds what somebody changed behind the services' back."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock
from miniprogram_api.core.db import transaction
from points_mall.tiers import audit, requalifying, services
from points_mall.tiers.models import MemberTier, TierGift
from tests.builders import shanghai

from .conftest import bought, enrol, hear, refunded


def test_what_the_services_wrote_agrees(app: Flask, li: int) -> None:
    wang, chen = enrol(2, first_number=50)
    hear(bought(li, 5_000, "1"), bought(wang, 1_000, "2"))
    hear(refunded(li, 4_500, "1"))
    services.set_tier(chen, "gold")
    assert list(audit.findings()) == []
    done = app.test_cli_runner().invoke(args=["tiers", "verify"])
    assert (done.exit_code, done.output) == (0, "0 differences · 差异 0 处\n")
    clock.set(shanghai("2027-03-12 00:20"))
    assert [(one.member_id, one.what) for one in audit.findings()] == [
        (wang, "standing"), (chen, "standing"),
    ]  # fmt: skip
    requalifying.requalify()
    assert list(audit.findings()) == []


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        (
            sa.update(MemberTier).values(rank=2, code="diamond"),
            ["standing", "last line of the history"],
        ),
        (sa.delete(MemberTier), ["standing", "last line of the history"]),
        (sa.update(TierGift).values(ladder_version=9), ["gifts"]),
        (sa.delete(TierGift), ["gifts"]),
    ],
)
def test_what_somebody_changed_is_found(
    app: Flask, li: int, tampering: Any, found: list[str]
) -> None:
    hear(bought(li, 1_000, "1"))
    with transaction() as session:
        session.execute(tampering)
    assert [one.what for one in audit.findings()] == found
    done = app.test_cli_runner().invoke(args=["tiers", "verify", "--json"])
    assert done.exit_code == 1
    assert [one["what"] for one in json.loads(done.output)] == found
