"""Sessions ended lately, as each process knows them, so that a guard asks no store.

The database is the truth. The first guarded call of a process reads it once; from then on a
background thread asks every `revocation_poll_seconds` what has ended since. A session ended by this
process is known to it at once. While the database is away, what is known stays known.
"""

import os
import threading
import weakref
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import cast

import sqlalchemy as sa
from flask import Flask, current_app

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.core.errors import Unavailable
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import settings

from .models import MemberSession

OVERLAP = timedelta(seconds=60)
"""How far back each look reaches beyond the last one: longer than any transaction of ours lasts,
plus the difference of two machines' clocks, so that a late commit is not overlooked."""

_log = log(__name__)


def is_revoked(session_id: int) -> bool:
    """Whether a session was ended before its token's time.

    :raises Unavailable: this process has not yet been able to read a first list.
    """
    return _known().include(session_id)


def remember(ended: Iterable[tuple[int, datetime]]) -> None:
    """Know (session id, expiry of its token) as ended, in this process, from now on."""
    _known().add(ended)


def stop(app: Flask) -> None:
    """End the background thread of an application in this process, and forget what it knew."""
    if known := app.extensions.pop(_place(), None):
        cast(Revocations, known).stop()


def _place() -> str:
    return f"revocations:{os.getpid()}"  # a forked child has no thread and starts its own


def _known() -> "Revocations":
    known = current_app.extensions.get(_place())
    if known is None:
        app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - werkzeug's way to the thing behind the proxy
        known = app.extensions.setdefault(_place(), Revocations(app))
    return cast(Revocations, known)


class Revocations:
    """The ended sessions whose tokens have not run out: a small dictionary and who refreshes it."""

    def __init__(self, app: Flask) -> None:
        self._app = weakref.ref(app)
        self._ended: dict[int, datetime] = {}
        self._read_at: datetime | None = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._starting = threading.Lock()

    def include(self, session_id: int) -> bool:
        """Whether the session is among them; the first question reads the list and starts the thread."""
        if self._thread is None or not self._thread.is_alive():
            self._start()
        return session_id in self._ended

    def add(self, ended: Iterable[tuple[int, datetime]]) -> None:
        """Know these (session id, expiry of its token) too."""
        with self._lock:
            self._ended.update(ended)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        if self._thread:
            self._thread.join()

    def refresh(self) -> None:
        """Read what has ended since the last look, and forget tokens that have run out."""
        moment = now()
        with db.engine.connect() as connection:
            rows = connection.execute(self._query(moment)).all()
        with self._lock:
            self._ended.update((row.id, row.expires_at) for row in rows)
            for session_id in [key for key, until in self._ended.items() if until <= moment]:
                del self._ended[session_id]
            self._read_at = moment

    def _query(self, moment: datetime) -> sa.Select[int, datetime]:
        query = sa.select(MemberSession.id, MemberSession.expires_at)
        if self._read_at is None:
            query = query.where(MemberSession.ended_at.is_not(None))
        else:
            query = query.where(MemberSession.ended_at > self._read_at - OVERLAP)
        return query.where(MemberSession.expires_at > moment)

    def _start(self) -> None:
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                return
            try:
                self.refresh()
            except sa.exc.SQLAlchemyError as error:
                if self._read_at is None:  # believing every token would revive ended sessions
                    raise Unavailable("the list of ended sessions cannot be read yet") from error
            seconds = settings().revocation_poll_seconds
            self._thread = threading.Thread(
                target=self._keep_fresh, args=(seconds,), name="revocations", daemon=True
            )
            self._thread.start()

    def _keep_fresh(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            app = self._app()
            if app is None:
                return
            try:
                with app.app_context():
                    self.refresh()
            except Exception as error:  # noqa: BLE001 - the thread outlives whatever ails the database
                _log.warning("revocations_not_refreshed", reason=type(error).__name__)
            del app
