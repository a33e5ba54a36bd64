"""The whole shop by one command: it opens, answers, mends itself, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.valkey import free_port

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "flask", "--app", "app", "demo"]
# It promises ten seconds; a machine that runs other tests beside gets some patience.
READY_SECONDS, STOP_SECONDS = 60, 20
PARTS = {"valkey-server", "simulator", "gunicorn", "worker", "scheduler"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for what is left in /proc"),
]


@dataclass
class Running:
    """A demo in a process of its own."""

    process: "subprocess.Popen[bytes]"
    instance: Path

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.instance / "demo.json").read_text()))

    def is_open(self) -> bool:
        return (self.instance / "demo.json").exists()

    def parts(self) -> dict[int, str]:
        """Every living process that works for this instance, by pid; what each is."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_text().replace("\0", " ")
                knows = f"MALL_INSTANCE={self.instance}\0" in (folder / "environ").read_text()
            except (OSError, UnicodeDecodeError):
                continue
            # A server that writes its own title writes it over its environment.
            ours = knows or str(self.instance) in line
            if ours and line and int(folder.name) != self.process.pid:
                found[int(folder.name)] = line
        return found

    def names(self) -> set[str]:
        return {name for name in PARTS for line in self.parts().values() if name in line}


def eventually(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def environment(instance: Path, port: int, simulator_port: int) -> dict[str, str]:
    """Ours, without what would lead the demo elsewhere."""
    mine = {key: value for key, value in os.environ.items() if not key.endswith("_URL")}
    ports = {"MALL_PORT": str(port), "MALL_SIMULATOR_PORT": str(simulator_port)}
    return {**mine, **ports, "MALL_INSTANCE": str(instance)}


def opened(instance: Path) -> Running:
    with (instance.parent / "said.txt").open("ab") as said:
        process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=environment(instance, free_port(), free_port()),
            stdout=said,
            stderr=said,
        )
    running = Running(process, instance)
    came_up = eventually(lambda: running.is_open() or process.poll() is not None, READY_SECONDS)
    assert came_up, (instance.parent / "said.txt").read_text()
    assert running.is_open(), (instance.parent / "said.txt").read_text()
    return running


def ended(running: Running) -> None:
    running.process.kill()
    running.process.wait()
    assert eventually(lambda: not running.parts(), STOP_SECONDS)


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


def test_a_killed_demo_leaves_nothing_running(closing_demo: Running) -> None:
    closing_demo.process.kill()
    closing_demo.process.wait()
    assert eventually(lambda: not closing_demo.parts(), STOP_SECONDS)


def test_two_signals_leave_nothing_running(closing_demo: Running) -> None:
    closing_demo.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    closing_demo.process.send_signal(signal.SIGINT)
    assert closing_demo.process.wait(STOP_SECONDS) == 0
    assert closing_demo.parts() == {}
