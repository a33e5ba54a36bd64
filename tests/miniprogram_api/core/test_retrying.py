"""A transaction that the database ended by itself is run again, whole."""

import time

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.db import retrying, transaction


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_transaction_that_idled_too_long_is_run_again(app: Flask) -> None:
    turns: list[int] = []

    @retrying
    def act() -> int:
        turns.append(len(turns))
        with transaction() as session:
            if len(turns) == 1:
                session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 50"))
                time.sleep(0.3)
            return int(session.scalar(sa.text("SELECT 7")) or 0)

    assert act() == 7
    assert turns == [0, 1]
