"""Every job that is written down has somebody who does it."""

import pytest

from miniprogram_api.jobs.registry import job_names
from tests.architecture import code

MODULES = code.modules()
NAMES = code.constants(MODULES)
ENQUEUED = sorted({name for module in MODULES for name in code.enqueued_names(module, NAMES)})


@pytest.mark.usefixtures("mall")
@pytest.mark.parametrize("name", ENQUEUED)
def test_an_enqueued_job_has_a_handler(name: str) -> None:
    assert name in job_names()


def test_an_enqueued_name_is_found() -> None:
    planted = code.module("planted.py", 'NAME = "points.b"\nenqueue("points.a")\nenqueue(NAME)\n')
    found = code.enqueued_names(planted, code.constants([planted]))
    assert found == ["points.a", "points.b"]
