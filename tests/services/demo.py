"""The whole shop in processes of its own, as `make run` opens it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .valkey import free_port

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "flask", "--app", "app", "demo"]
# It promises ten seconds; a machine that runs other tests beside gets some patience.
READY_SECONDS, STOP_SECONDS = 60, 20
PARTS = {"valkey-server", "simulator", "gunicorn", "worker", "scheduler"}


@dataclass
class Running:
    """A demo in a process of its own."""

    process: "subprocess.Popen[bytes]"
    instance: Path

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.instance / "demo.json").read_text()))

    def is_open(self) -> bool:
        """Whether this very demo says so; one that was killed leaves its word behind."""
        told = self.instance / "demo.json"
        return told.exists() and self.facts["pid"] == self.process.pid

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
    eventually(lambda: running.is_open() or process.poll() is not None, READY_SECONDS)
    if not running.is_open():
        process.kill()
        process.wait()
        raise AssertionError((instance.parent / "said.txt").read_text())
    return running


def ended(running: Running) -> None:
    running.process.kill()
    running.process.wait()
    assert eventually(lambda: not running.parts(), STOP_SECONDS)
