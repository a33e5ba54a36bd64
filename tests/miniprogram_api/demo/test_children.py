"""What the demo starts ends with it, comes back when it dies, and does not come back for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from miniprogram_api.demo import children
from miniprogram_api.demo.children import Child, GivenUp
from miniprogram_api.demo.tether import tethered

ROOT = Path(__file__).resolve().parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORE = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
DEAF = [sys.executable, "-c", IGNORE + "print('deaf', flush=True); time.sleep(60)"]


def eventually(true: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[list[str]], Child]]:
    made: list[Child] = []

    def start(command: list[str]) -> Child:
        child = children.program(f"child{len(made)}", command, tmp_path)
        made.append(child)
        child.start()
        return child

    yield start
    children.stop(made, 0, lambda: True)


def test_a_child_is_asked_to_end_and_does(started: Callable[[list[str]], Child]) -> None:
    child = started(SLEEP)
    began = time.monotonic()
    children.stop([child], 5, lambda: False)
    assert not child.is_running
    assert time.monotonic() - began < 2


def test_a_deaf_child_is_ended_by_force(started: Callable[[list[str]], Child]) -> None:
    child = started(DEAF)
    assert eventually(lambda: child.last_words() == "deaf")
    children.stop([child], 0.2, lambda: False)
    assert child.exit_code == -signal.SIGKILL


def test_a_hurry_does_not_wait(started: Callable[[list[str]], Child]) -> None:
    child = started(DEAF)
    assert eventually(lambda: child.last_words() == "deaf")
    began = time.monotonic()
    children.stop([child], 30, lambda: True)
    assert child.exit_code == -signal.SIGKILL
    assert time.monotonic() - began < 2


def test_what_a_child_left_behind_ends_with_it(started: Callable[[list[str]], Child]) -> None:
    text = f"import subprocess; print(subprocess.Popen({SLEEP!r}).pid, flush=True)"
    child = started([sys.executable, "-c", text])
    assert eventually(lambda: child.exit_code == 0)
    grandchild = int(child.last_words())
    assert is_alive(grandchild)
    children.stop([child], 1, lambda: False)
    assert eventually(lambda: not is_alive(grandchild))


def test_a_child_that_keeps_dying_is_given_up(started: Callable[[list[str]], Child]) -> None:
    child = started([sys.executable, "-c", "raise SystemExit('no')"])
    for _ in range(children.RESTARTS):
        assert eventually(lambda: child.exit_code == 1)
        child.start()
    assert eventually(lambda: child.exit_code == 1)
    with pytest.raises(GivenUp):
        child.start()
    assert child.last_words().splitlines() == ["no"] * (1 + children.RESTARTS)


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (children.LOG_BYTES + 1))
    child = children.program("web", [sys.executable, "-c", "print('new')"], tmp_path)
    child.start()
    assert eventually(lambda: child.exit_code == 0)
    assert log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").stat().st_size == children.LOG_BYTES + 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of a parent's death")
def test_a_killed_parent_takes_its_children_along() -> None:
    text = (
        "import subprocess, time; from miniprogram_api.demo.tether import tethered;"
        f"print(subprocess.Popen(tethered({SLEEP!r})).pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        # Until it has become the program it is not tied yet.
        assert eventually(lambda: b"time.sleep" in Path(f"/proc/{child}/cmdline").read_bytes())
        assert is_alive(child)
        parent.kill()
    assert eventually(lambda: not is_alive(child))


def test_a_tethered_program_keeps_its_pid_and_its_exit_code() -> None:
    text = "import os, sys; print(os.getpid()); sys.exit(7)"
    done = subprocess.Popen(tethered([sys.executable, "-c", text]), stdout=subprocess.PIPE)
    with done:
        assert done.stdout is not None
        assert int(done.stdout.readline()) == done.pid
    assert done.returncode == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_tethered_program_becomes_the_user_named() -> None:
    done = subprocess.run(
        tethered(["id", "-un"], user="nobody"), capture_output=True, text=True, check=True
    )
    assert done.stdout == "nobody\n"
