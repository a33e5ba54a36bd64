"""Payment notices on their way to the mall: tried again by WeChat's schedule, on a faster clock.

Each notice goes to the path that the merchant named, at the one mall that the simulator knows. What
is tried again waits for one of a few threads, which end when nothing waits.
"""

import heapq
import itertools
import secrets
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from .faults import NOTICES, Fault
from .pay_message import message
from .pay_world import Notice
from .world import World

SCHEDULE: tuple[int, ...] = (
    *(15, 15, 30, 180, 600, 1200),
    *(1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)
"""Seconds between the tries; 24 hours and 4 minutes in all."""

ANSWER_SECONDS = 5.0
CARRIERS, IDLE_SECONDS, POLL_SECONDS = 3, 1.0, 0.05


class Post:
    """What is to happen later, by the world's clock: tries of notices, refunds that settle."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._carriers = 0
        self._is_closed = False

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        with self._changed:
            if self._is_closed:
                return
            heapq.heappush(self._due, (self._world.now() + seconds, next(self._numbers), act))
            self._changed.notify()
            if self._carriers < min(CARRIERS, len(self._due)):
                self._carriers += 1
                threading.Thread(target=self._carry, daemon=True).start()

    def close(self) -> None:
        """Forget what was to happen, and take nothing more."""
        with self._changed:
            self._is_closed = True
            self._due.clear()
            self._changed.notify_all()

    def _carry(self) -> None:
        try:
            while (act := self._next()) is not None:
                act()
        except Exception:
            with self._changed:
                self._carriers -= 1  # another thread may take this one's place
            raise

    def _next(self) -> Callable[[], None] | None:
        """What is due, as soon as something is; None when nothing has waited for a while."""
        with self._changed:
            while True:
                if not self._due and not self._changed.wait(IDLE_SECONDS) and not self._due:
                    self._carriers -= 1
                    return None
                if not self._due:
                    continue
                wait = self._due[0][0] - self._world.now()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(min(wait, POLL_SECONDS))  # the clock may be set meanwhile

    # ------------------------------------------------------------------ notices

    def notify(
        self, event_type: str, original_type: str, summary: str, path: str, resource: dict[str, Any]
    ) -> Notice:
        """Tell the mall something: at once where it may be told, and again until it has heard."""
        pay = self._world.pay
        with self._world.lock:
            notice = Notice(
                notice_id=secrets.token_hex(16),
                event_type=event_type,
                original_type=original_type,
                summary=summary,
                resource=resource,
                path=path,
                created_at=self._world.now(),
            )
            pay.note(notice)
            if pay.is_holding or not self._world.config.mall:
                notice.state = "held"
                return notice
        delayed = self._world.faults.take_one(frozenset({"notice_delayed"}), event_type)
        if delayed is None:
            self.attempt(notice)
        else:
            self.later(delayed.seconds, lambda: self.attempt(notice))
        return notice

    def attempt(self, notice: Notice) -> None:
        """One try of the schedule; the next one is arranged where it fails."""
        with self._world.lock:
            if notice.is_over or notice.notice_id not in self._world.pay.notices:
                return
        self.send(notice)
        self._arrange(notice)

    def _arrange(self, notice: Notice) -> None:
        """Arrange the next try of a notice that has not arrived."""
        with self._world.lock:
            if notice.is_over:
                return
            if notice.tries > len(SCHEDULE):
                notice.state = "given_up"
                return
            pause = SCHEDULE[notice.tries - 1] / self._world.config.notice_pace
        self.later(pause, lambda: self.attempt(notice))

    def send(self, notice: Notice) -> bool:
        """Send a notice now, whatever its state is; whether the mall took it."""
        fault = self._world.faults.take_one(NOTICES - {"notice_delayed"}, notice.event_type)
        if fault is not None and fault.kind == "notice_lost":
            with self._world.lock:
                notice.tries += 1
                notice.state = "lost"
                notice.answers.append("lost on the way")
                self._world.changes += 1
            return False
        copies = 2 if fault is not None and fault.kind == "notice_duplicate" else 1
        took = [self._deliver(notice, fault) for _ in range(copies)]
        return all(took)

    def resume(self) -> None:
        """Go on with what was under way before a restart."""
        for notice in list(self._world.pay.notices.values()):
            if notice.state == "queued":
                self.later(0, lambda notice=notice: self.attempt(notice))  # type: ignore[misc]

    def _deliver(self, notice: Notice, fault: Fault | None) -> bool:
        world = self._world
        with world.lock:
            headers, body = message(world.pay, notice, fault.kind if fault else "")
            url = world.config.mall.rstrip("/") + notice.path
        told, took = _posted(url, headers, body) if world.config.mall else ("no mall", False)
        with world.lock:
            notice.tries += 1
            notice.answers.append(told)
            if took:
                notice.state = "delivered"
            world.changes += 1
        return took


def _posted(url: str, headers: dict[str, str], body: bytes) -> tuple[str, bool]:
    """What the mall answered, and whether that means that it took the notice."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url, data=body, headers=headers, timeout=ANSWER_SECONDS, allow_redirects=False
            )
    except requests.RequestException as error:
        return type(error).__name__, False
    return f"{answer.status_code} {answer.text[:80]}".rstrip(), answer.status_code in {200, 204}


def path_of(notify_url: str) -> str:
    """Where at the mall a notice goes."""
    return urlsplit(notify_url).path or "/"
