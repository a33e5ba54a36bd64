"""How gunicorn serves the shop: few processes, as many threads each as a group of claims needs.

`flask demo` and the examples in docs/operations.md use it; the environment overrides what differs
between machines.
"""

import os
from pathlib import Path

from gunicorn.workers.base import Worker
from prometheus_client import multiprocess

from miniprogram_api.setup.cli import announce

wsgi_app = "app:create_app()"
bind = os.environ.get("MALL_BIND", f"127.0.0.1:{os.environ.get('MALL_PORT', '8000')}")

# A request waits for the database far longer than it computes: threads overlap the waits, and a
# second process uses the second core.
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "32"))

# Ends a worker that hangs; a stop lets running requests finish first.
timeout = 30
graceful_timeout = 5
keepalive = 5

# A slow leak in any library is bounded, and the workers do not restart together.
max_requests = 50_000
max_requests_jitter = 10_000

# The heartbeat file on a disk that is busy would look like a hung worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes it

# The application writes one line a request, without personal data; gunicorn's would carry URLs.
accesslog = None
errorlog = "-"
loglevel = "warning"

# gunicorn 27 opens a control socket in the home folder; nobody here speaks to it.
control_socket_disable = True


def on_starting(_server: object) -> None:
    """Begin with no figures, where they are shared through files: the last run's are history."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for file in Path(folder).glob("*.db"):
            file.unlink()


def post_worker_init(worker: Worker) -> None:
    """The first worker of a new shop tells where it is set up."""
    if worker.age == 1:
        announce(worker.app.wsgi())


def child_exit(_server: object, worker: Worker) -> None:
    """Forget the figures of a worker that ended, where the figures are shared through files."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
