"""What was asked of the simulated WeChat and what it answered, for tests and the page."""

import time
from typing import Any

from flask import Response, g, request

from .world import world

SHOWN = 2000
_SECRET = ("secret", "access_token", "session_key")


def note_arrival() -> None:
    """Begin the entry of a request; it counts even if the answer is never sent."""
    body = request.get_json(force=True, silent=True) if request.get_data() else None
    g.began = time.monotonic()
    g.entry = {
        "at": world().now(),
        "method": request.method,
        "path": request.path,
        "query": _shown(dict(request.args)),
        "body": _shown(body),
    }
    with world().lock:
        world().requests.append(g.entry)


def note_answer(answer: Response) -> None:
    """Complete the entry."""
    told = answer.get_json(silent=True) if answer.is_json and not answer.is_streamed else None
    g.entry |= {
        "status": answer.status_code,
        "errcode": told.get("errcode", 0) if isinstance(told, dict) else None,
        "answer": _shown(told) if told is not None else answer.mimetype,
        "fault": g.get("fault"),
        "milliseconds": round((time.monotonic() - g.began) * 1000),
    }


def _shown(value: Any) -> Any:
    """The value without secrets, long texts cut."""
    if isinstance(value, dict):
        return {
            name: "…" + str(inner)[-4:] if name in _SECRET else _shown(inner)
            for name, inner in value.items()
        }
    return value[:SHOWN] if isinstance(value, str) else value
