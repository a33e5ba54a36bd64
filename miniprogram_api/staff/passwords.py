"""Passwords: hashed with argon2id, checked at the same cost whether the account exists or not."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import PasswordTooWeak

SHORTEST, LONGEST = 10, 128
COMMON = frozenset(
    {
        "1234567890",
        "0123456789",
        "0987654321",
        "1111111111",
        "qwertyuiop",
        "password12",
        "password123",
        "iloveyou12",
        "admin12345",
        "woaini1314",
        "woaini5201314",
        "abcd123456",
        "abc1234567",
        "a123456789",
        "q123456789",
        "1q2w3e4r5t",
        "5201314520",
    }
)
"""Those of ten characters and more that lead every published list of leaked passwords."""

_AT_ONCE = threading.BoundedSemaphore(2)
"""Each hash takes its memory: a crowd at the door must not take all there is."""

# What OWASP asks for at least (Password Storage Cheat Sheet): 19 MiB and 2 passes on one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The hash to keep, with its own salt and parameters."""
    with _AT_ONCE:
        return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether the password is that of the hash; no hash costs as much as a wrong one."""
    against = kept or _nobodys()
    try:
        with _AT_ONCE:
            _hasher.verify(against, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def check_strength(password: str, username: str) -> None:
    """Refuse what is guessed first: length counts, not a mixture of signs (NIST SP 800-63B).

    :raises PasswordTooWeak: with the reason.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordTooWeak(
            f"{SHORTEST} to {LONGEST} characters, not {len(password)}",
            shortest=SHORTEST,
            longest=LONGEST,
        )
    folded = password.casefold()
    if folded in COMMON or len(set(folded)) < 5 or username in folded:
        raise PasswordTooWeak("one of those that are guessed first")


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody")
