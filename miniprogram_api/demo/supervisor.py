"""Opens the whole shop on one machine and closes it again.

Order: claim the ports and the folder; make the secrets; Valkey and the simulator; migrate and seed;
then web, worker and schedule. It closes in the opposite order. Every child is tethered: when this
process is killed, the kernel ends them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from flask import Flask
from flask_migrate import upgrade
from rich.console import Console

from miniprogram_api.core.settings import Settings

from . import children, panel, ports, secrets, seeds, valkey
from .children import Child

READY_SECONDS = 30.0
CLOSING_SECONDS = {"front": 6.0, "simulator": 1.0, "valkey": 2.0}  # together under ten
SAME_WISH_SECONDS = 1.0
WORKER_PATIENCE_SECONDS = 3.0
"""Jobs that take longer are taken up again by the next demo: nobody waits for a laptop to let go."""
SIMULATOR = (sys.executable, "-m", "miniprogram_api.wechat.simulator")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the demo to stop."""


class NotReady(Exception):
    """A part of the shop did not come up; the message says which and quotes its log."""


@dataclass(frozen=True)
class Plan:
    """What to open, and where."""

    root: Path
    instance: Path
    port: int
    simulator_port: int

    @property
    def base_url(self) -> str:
        """Where the shop answers."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def simulator_url(self) -> str:
        """Where WeChat is simulated."""
        return f"http://{ports.LOOPBACK}:{self.simulator_port}"

    @property
    def logs(self) -> Path:
        """Where the children's logs go."""
        return self.instance / "logs"

    @property
    def demo_json(self) -> Path:
        """The file that tells other programs what is open."""
        return self.instance / "demo.json"


class Demo:
    """The open shop: its children, in the order in which they were started."""

    def __init__(self, plan: Plan, make_app: Callable[[], Flask], console: Console) -> None:
        self.plan = plan
        self.console = console
        self._make_app = make_app
        self._behind: list[Child] = []  # Valkey, the simulator
        self._front: list[Child] = []  # what serves: web, worker, schedule
        self._in_a_hurry = False

    def run(self, settings: Settings) -> None:
        """Open, watch until somebody asks to stop, close. Whatever happens, nothing is left.

        :raises Taken: a port or the folder belongs to somebody else.
        :raises NotReady: a part did not come up.
        :raises GivenUp: a part died too often.
        """
        began = time.monotonic()
        ports.claim_port("MALL_PORT", self.plan.port)
        ports.claim_port("MALL_SIMULATOR_PORT", self.plan.simulator_port)
        lock = ports.claim_instance(self.plan.instance)
        try:
            with self._stop_on_signals():
                sign_ins = self._open(settings)
                self._tell(sign_ins, time.monotonic() - began)
                self._watch()
        except Stopped:
            self.console.print("正在停止… Stopping…")
        finally:
            self.plan.demo_json.unlink(missing_ok=True)
            self._close()
            os.close(lock)

    # ------------------------------------------------------------------ opening

    def _open(self, settings: Settings) -> list[seeds.SignIn]:
        self.plan.logs.mkdir(exist_ok=True)
        secrets.complete(self.plan.instance, settings)
        secrets.complete_pay(self.plan.instance, settings, self._pay_addresses(), self._make_keys)
        os.environ |= self._environment(settings)
        if not settings.redis_url:
            self._start(self._behind, self._valkey())
        app = self._make_app()
        self._start(self._behind, self._simulator(app.extensions["settings"]))
        with app.app_context():
            upgrade(directory=str(self.plan.root / "migrations"))
            sign_ins = seeds.run(self.console)
        for child in self._servers():
            self._start(self._front, child)
        self._wait_for(self._behind[-1], f"{self.plan.simulator_url}/_sim/phone/about")
        self._wait_for(self._front[0], f"{self.plan.base_url}/readyz")
        return sign_ins

    def _environment(self, settings: Settings) -> dict[str, str]:
        """What the children must know and nobody wrote into the configuration."""
        return {
            "MALL_INSTANCE": str(self.plan.instance),
            "MALL_PORT": str(self.plan.port),
            "WX_OPEN_BASE": self.plan.simulator_url,
            "REDIS_URL": settings.redis_url or valkey.url_of(valkey.socket_in(self.plan.instance)),
            "WORKER_STOP_SECONDS": str(min(settings.worker_stop_seconds, WORKER_PATIENCE_SECONDS)),
            "PYTHONUNBUFFERED": "1",
            **{name.upper(): url for name, url in self._pay_addresses().items()},
        }

    def _pay_addresses(self) -> dict[str, str]:
        """Where the shop finds WeChat Pay, and where it is notified."""
        return {"wxpay_base": self.plan.simulator_url, "wxpay_notify_url": self.plan.base_url}

    def _make_keys(self, folder: Path) -> None:
        """Let the simulator make the keys of WeChat Pay.

        :raises NotReady: it could not.
        """
        command = [*SIMULATOR, "--make-keys", str(folder)]
        made = subprocess.run(command, cwd=self.plan.root, capture_output=True, check=False)
        if made.returncode != 0:
            told = made.stderr.decode(errors="replace")
            raise NotReady(f"微信支付密钥没有生成 · WeChat Pay's keys could not be made:\n{told}")

    def _valkey(self) -> Child:
        log = self.plan.logs / "valkey.log"

        def launch() -> children.Process:
            socket = valkey.socket_in(self.plan.instance)
            return valkey.start(self.plan.instance, socket=socket, log=log).process

        return Child("valkey", launch, log)

    def _simulator(self, settings: Settings) -> Child:
        command = [*SIMULATOR, "--pay-keys", str(self.plan.instance / secrets.PAY_FOLDER)]
        command += ["--port", str(self.plan.simulator_port), "--mall", self.plan.base_url]
        command += ["--state", str(self.plan.instance / "simulator.json")]
        command += ["--people", ",".join(f"{who}={name}" for who, name in seeds.people().items())]
        shared = {  # by environment: other users of the machine can read a command line
            "WX_APPID": settings.wx_appid,
            "WX_SECRET": settings.wx_secret,
            "WX_PUSH_TOKEN": settings.wx_push_token,
            "WX_PUSH_AES_KEY": settings.wx_push_aes_key,
        }
        return self._program("simulator", command, shared)

    def _servers(self) -> list[Child]:
        flask = [sys.executable, "-m", "flask", "--app", "app"]
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
        figures = {"PROMETHEUS_MULTIPROC_DIR": str(self.plan.instance / "metrics")}
        return [
            self._program("web", gunicorn, figures),
            self._program("worker", [*flask, "worker"]),
            self._program("scheduler", [*flask, "scheduler"]),
        ]

    def _program(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Child:
        return children.program(name, command, self.plan.logs, environment, self.plan.root)

    def _start(self, group: list[Child], child: Child) -> None:
        group.append(child)
        child.start()

    def _wait_for(self, child: Child, url: str) -> None:
        came_up = ports.wait_until(
            lambda: ports.answers(url), lambda: child.is_running, READY_SECONDS
        )
        if not came_up:
            raise NotReady(
                f"{child.name} 没有启动成功 · {child.name} did not come up, "
                f"see {child.log}:\n{child.last_words()}"
            )

    def _tell(self, sign_ins: Sequence[seeds.SignIn], seconds: float) -> None:
        facts = {
            "base_url": self.plan.base_url,
            "simulator_url": self.plan.simulator_url,
            "pid": os.getpid(),
            "staff": [person.as_json() for person in sign_ins],
        }
        # Written beside and moved: whoever sees the file sees all of it.
        draft = self.plan.demo_json.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(facts, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.plan.demo_json)
        opened = panel.Opened(
            self.plan.base_url, self.plan.simulator_url, self.plan.instance, seconds, sign_ins
        )
        panel.show(self.console, opened)

    # ------------------------------------------------------------------ watching

    def _watch(self) -> None:
        """Start again what dies, and say so, until a signal ends the watch.

        :raises GivenUp: one died too often.
        """
        while True:
            for child in (*self._behind, *self._front):
                if child.exit_code is not None:
                    self.console.print(
                        f"{child.name} 意外退出（{child.exit_code}），正在重启… "
                        f"{child.name} ended unexpectedly ({child.exit_code}), starting it again…"
                    )
                    child.start()
            time.sleep(0.2)

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        """The first signal raises `Stopped` here; a later one only makes the closing hurry.

        One wish often comes twice: to the process and to its group.
        """
        asked_at = 0.0

        def hurry(_number: int, _frame: FrameType | None) -> None:
            self._in_a_hurry = time.monotonic() - asked_at > SAME_WISH_SECONDS

        def stopped(_number: int, _frame: FrameType | None) -> None:
            nonlocal asked_at
            asked_at = time.monotonic()
            for number in STOP_SIGNALS:
                signal.signal(number, hurry)
            raise Stopped

        for number in STOP_SIGNALS:
            signal.signal(number, stopped)
        try:
            yield
        finally:
            for number in STOP_SIGNALS:
                signal.signal(number, hurry)

    # ------------------------------------------------------------------ closing

    def _close(self) -> None:
        children.stop(self._front, CLOSING_SECONDS["front"], lambda: self._in_a_hurry)
        for child in reversed(self._behind):
            children.stop([child], CLOSING_SECONDS[child.name], lambda: self._in_a_hurry)
