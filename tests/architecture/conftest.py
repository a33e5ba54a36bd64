"""The application as it is put together, for questions about its shape."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app import create_app


@pytest.fixture(scope="module")
def make_mall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Flask]]:
    """Puts the application together in a folder of its own; it has no database to speak of."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MALL_INSTANCE", str(tmp_path_factory.mktemp("instance")))
        yield lambda: create_app({"ENVIRONMENT": "test", "TESTING": True})


@pytest.fixture(scope="module")
def mall(make_mall: Callable[[], Flask]) -> Flask:
    return make_mall()
