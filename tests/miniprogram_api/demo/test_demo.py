"""The whole shop by one command: it opens, answers, mends itself, and leaves nothing behind."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.demo import (
    COMMAND,
    PARTS,
    READY_SECONDS,
    ROOT,
    STOP_SECONDS,
    Running,
    ended,
    environment,
    eventually,
    opened,
)
from tests.services.valkey import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for what is left in /proc"),
]

ORPHANS_SECONDS = 15
"""No longer than the parts of a killed demo may take to notice it and to end."""

KILLS, JOBS = 2, 400


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A demo that stays open."""
    running = opened(tmp_path_factory.mktemp("demo") / "instance")
    yield running
    ended(running)


@pytest.fixture
def closing_demo(tmp_path: Path) -> Iterator[Running]:
    """A demo that the test ends."""
    running = opened(tmp_path / "instance")
    yield running
    ended(running)


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - ours, on loopback
        return int(answer.status)


def test_it_opens_and_answers(demo: Running) -> None:
    assert demo.facts["pid"] == demo.process.pid
    assert (demo.instance / "demo.json").stat().st_mode & 0o777 == 0o600
    assert status(f"{demo.facts['base_url']}/readyz") == 200
    assert status(f"{demo.facts['simulator_url']}/") == 200
    assert demo.names() == PARTS


def test_what_dies_is_started_again(demo: Running) -> None:
    worker = next(pid for pid, line in demo.parts().items() if line.endswith("worker "))
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: worker not in demo.parts() and demo.names() == PARTS, 15)
    assert "worker ended unexpectedly" in (demo.instance.parent / "said.txt").read_text()


def test_a_taken_port_is_one_sentence_and_a_failure(demo: Running, tmp_path: Path) -> None:
    taken = int(demo.facts["base_url"].rsplit(":", 1)[1])
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=environment(tmp_path / "other", taken, free_port()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"Port {taken} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_leaves_nothing_and_opens_the_same_shop_again(closing_demo: Running) -> None:
    config = (closing_demo.instance / "config.py").read_text()
    closing_demo.process.send_signal(signal.SIGTERM)
    assert closing_demo.process.wait(STOP_SECONDS) == 0
    assert not closing_demo.is_open()
    assert closing_demo.parts() == {}

    again = opened(closing_demo.instance)
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(STOP_SECONDS) == 0
    assert (closing_demo.instance / "config.py").read_text() == config


def jobs(demo: Running, state: str) -> int:
    with contextlib.closing(sqlite3.connect(demo.instance / "mall.db", timeout=5)) as database:
        query = "SELECT count(*) FROM job WHERE name = 'jobs.purge' AND state = ?"
        return int(database.execute(query, (state,)).fetchone()[0])


def give_it_work(demo: Running) -> None:
    with contextlib.closing(sqlite3.connect(demo.instance / "mall.db", timeout=5)) as database:
        [moment] = database.execute("SELECT created_at FROM job LIMIT 1").fetchone()
        row = ("jobs.purge", "{}", "queued", 0, moment, moment, moment)
        columns = "name, payload, state, attempts, created_at, due_at, sweep_at"
        statement = f"INSERT INTO job ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"
        database.executemany(statement, [row] * JOBS)
        database.commit()


def test_a_demo_killed_at_work_leaves_nothing_running_and_the_next_takes_its_work_up(
    tmp_path: Path,
) -> None:
    for _ in range(KILLS):
        demo = opened(tmp_path / "instance")
        try:
            done = jobs(demo, "done")
            give_it_work(demo)
            assert eventually(lambda: jobs(demo, "done") > done, READY_SECONDS)  # noqa: B023 - called here
        finally:
            demo.process.kill()
            demo.process.wait()
        assert jobs(demo, "queued") > 0, "its work was done before it was killed"
        assert eventually(lambda: not demo.parts(), ORPHANS_SECONDS)  # noqa: B023


def test_two_signals_leave_nothing_running(closing_demo: Running) -> None:
    closing_demo.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    closing_demo.process.send_signal(signal.SIGINT)
    assert closing_demo.process.wait(STOP_SECONDS) == 0
    assert closing_demo.parts() == {}
