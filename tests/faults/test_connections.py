"""PostgreSQL goes away in the middle: connections ended by the server, cut, slowed, silenced.

What was acknowledged is there; what was not is there once after a retry with the same reference,
whether or not the first attempt had been committed.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from miniprogram_api.core.db import CommitUnknown, db, transaction
from points_mall.ledger import audit, posting
from points_mall.ledger.models import LedgerEntry
from points_mall.ledger.movements import Posted
from tests.campaign import report, times
from tests.conftest import TEST_SETTINGS
from tests.crowds.conftest import enrol
from tests.crowds.crowd import Crowd, judge
from tests.crowds.history import History
from tests.crowds.shopper import Errand
from tests.points_mall.ledger.conftest import GIFT
from tests.services import postgres, proxy
from tests.services.keeping import KEEPER
from tests.services.proxy import NONE, Fault, Proxy

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> %s
"""
PROCESSES, CALLS, CUTS = 4, 60, 10


def give(member: int, reference: str) -> Posted:
    with transaction():
        return posting.credit(member, 10, reason=GIFT, reference=reference)


def entries() -> list[str]:
    found = list(db.session.scalars(sa.select(LedgerEntry.reference).order_by(LedgerEntry.id)))
    assert list(audit.findings(db.session())) == []
    db.session.rollback()
    return found


def end_all_connections(database: str) -> int:
    """Every connection to the database but this one ends, as an administrator would do it."""
    plain = sa.make_url(database).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False)) as connection:
        row = connection.execute(TERMINATE, (KEEPER,)).fetchone()
    return int(row[0]) if row else 0


# ------------------------------------------------------------------ ended by the server


@ON_POSTGRESQL
def test_a_connection_ended_before_the_commit_leaves_nothing(app: Flask, database: str) -> None:
    (member,) = enrol(1)
    with pytest.raises(CommitUnknown), transaction():  # noqa: PT012 - it fails where it ends
        posting.credit(member, 10, reason=GIFT, reference="g")
        assert end_all_connections(database) == 1
    assert entries() == []
    assert not give(member, "g").repeated
    assert entries() == ["g"]


@pytest.mark.slow
@pytest.mark.timeout(times(400))
@ON_POSTGRESQL
def test_a_crowd_whose_connections_are_ended_again_and_again_loses_nothing(
    errand: Errand, database: str
) -> None:
    crowd = Crowd.start(
        replace(errand, processes=list(range(1, PROCESSES + 1)), calls=times(CALLS))
    )
    ended = 0
    try:
        while any(process.is_alive() for process in crowd.running.values()):
            time.sleep(0.15)
            ended += end_all_connections(database)
        assert crowd.wait(60) == [0] * PROCESSES
    finally:
        crowd.end()
    counts = judge(History(errand.history))
    report(f"{ended} connections ended, {counts['again']} calls made again")
    assert ended >= CUTS
    assert counts["again"] > 0, "no call was hit"
    assert counts["done"] == counts["begun"] == PROCESSES * times(CALLS)


# ------------------------------------------------------------------ cut on the way


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Postgres]:
    with postgres.own_server(on_port=True) as running:
        yield running


@pytest.fixture
def wire(server: postgres.Postgres) -> Iterator[Proxy]:
    with proxy.running(server.port) as between:
        yield between


@pytest.fixture
def member(server: postgres.Postgres, wire: Proxy, redis_server: str) -> Iterator[int]:
    """A member of a shop that reaches its database through `wire`."""
    direct = sa.make_url(server.create_database())
    url = direct.set(port=wire.port).render_as_string(hide_password=False)
    app = create_app({**TEST_SETTINGS, "DATABASE_URL": url, "REDIS_URL": redis_server})
    with app.app_context():
        db.create_all()
        yield enrol(1)[0]
        db.session.remove()
        db.engine.dispose()
    app.extensions["redis_client"].close()


@pytest.mark.parametrize(
    ("fault", "heard", "is_committed"),
    [
        (Fault(drop_reply=True, at=b"COMMIT", once=True), CommitUnknown, True),
        (Fault(reset=True, at=b"COMMIT", once=True), CommitUnknown, False),
        (
            Fault(drop_reply=True, at=b"INSERT INTO ledger_entry", once=True),
            sa.exc.OperationalError,
            False,
        ),
    ],
    ids=["answer to COMMIT lost", "COMMIT lost", "answer to INSERT lost"],
)
def test_whoever_hears_no_answer_asks_again_and_is_credited_once(
    member: int, wire: Proxy, fault: Fault, heard: type[Exception], is_committed: bool
) -> None:
    give(member, "before")
    wire.fault = fault
    with pytest.raises(heard):
        give(member, "g")
    assert wire.fired == 1
    assert entries() == (["before", "g"] if is_committed else ["before"])
    assert give(member, "g").repeated is is_committed
    assert entries() == ["before", "g"]


@pytest.mark.parametrize(
    "fault", [Fault(latency_seconds=0.02, jitter_seconds=0.01), Fault(slice_bytes=1)]
)
def test_a_bad_line_only_takes_longer(member: int, wire: Proxy, fault: Fault) -> None:
    wire.fault = fault
    give(member, "g")
    wire.fault = NONE
    assert wire.fired > 10
    assert entries() == ["g"]


@pytest.mark.parametrize(
    "fault", [Fault(down=True), Fault(blackhole=True), Fault(reset=True), Fault(limit_bytes=30)]
)
def test_a_database_out_of_reach_is_told_within_seconds(
    member: int, wire: Proxy, fault: Fault
) -> None:
    give(member, "before")
    db.session.remove()
    db.engine.dispose()  # whoever asks now must connect
    wire.fault = fault
    began = time.monotonic()
    with pytest.raises(sa.exc.OperationalError):
        give(member, "g")
    assert time.monotonic() - began < 5
    assert wire.fired > 0
    wire.fault = NONE
    wire.cut()
    give(member, "g")
    assert entries() == ["before", "g"]


def test_a_cut_wire_is_noticed_before_the_next_transaction(member: int, wire: Proxy) -> None:
    give(member, "before")
    wire.cut()
    with contextlib.suppress(sa.exc.OperationalError):
        entries()
    give(member, "g")
    assert entries() == ["before", "g"]
