"""Keeping nicknames so that any part of one finds its members."""

import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.db import current_transaction

from .models import LONGEST_TAIL, NameTail


def folded(text: str) -> str:
    """Text as it is compared: composed (NFC), small letters, inner space collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).lower().split())


def tails_of(nickname: str) -> list[str]:
    """What a name is found by: itself from each of its signs on, each once."""
    name = folded(nickname)
    return list(dict.fromkeys(_tails(name)))


def _tails(name: str) -> Iterator[str]:
    return (name[at : at + LONGEST_TAIL] for at, sign in enumerate(name) if sign != " ")


def follow_nickname(member_id: int, nickname: str | None) -> None:
    """Let the member be found by this nickname and by none before it, in the caller's transaction."""
    session = current_transaction()
    session.execute(sa.delete(NameTail).filter_by(member_id=member_id))
    if nickname is not None:
        rows = [{"member_id": member_id, "tail": tail} for tail in tails_of(nickname)]
        bulk.insert(session, NameTail.__table__, rows)
