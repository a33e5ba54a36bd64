"""How a draw's number follows from a seed that was promised before the first draw.

The server promises a seed by publishing its SHA-256 (the commitment), draws with it for one period,
and publishes the seed when the period is over. A draw's number is a function of the seed and of
facts that stand in the draw's record, so anyone can recompute it: docs/verify_draw.py does, with
the standard library alone. No table, no clock and no other source of chance lives here.
"""

import hashlib
import hmac
import secrets
import struct
from collections.abc import Iterable, Iterator

ALGORITHM = "HMAC-SHA256/rejection/v1"
SEED_BYTES = 32
WORD = 2**64
"""How many values a word of 64 bits has."""


def new_seed() -> bytes:
    """A seed that nobody can guess: 32 bytes from the operating system."""
    return secrets.token_bytes(SEED_BYTES)


def commitment(seed: bytes) -> str:
    """The promise of a seed: its SHA-256 in hexadecimal. It tells nothing of the seed."""
    return hashlib.sha256(seed).hexdigest()


def message(wheel_id: int, version: int, member_ref: str, draw_index: int, nonce: str) -> str:
    """What the seed is applied to: `7.3:<member>:<index>:<nonce>`.

    The nonce is the member's, so the operator cannot know a result ahead; the index has no gap, so
    the operator cannot throw a result away. The nonce comes last: whatever characters it has, two
    draws of a period never share a message.

    :raises ValueError: if the member's reference has a colon, which would make two readings.
    """
    if ":" in member_ref:
        raise ValueError("a member's reference has no colon")
    return f"{wheel_id}.{version}:{member_ref}:{draw_index}:{nonce}"


def digest(seed: bytes, message: str) -> bytes:
    """HMAC-SHA256 of a draw's message under the seed: the fingerprint that its record keeps."""
    return hmac.digest(seed, message.encode(), "sha256")


def words(seed: bytes, message: str) -> Iterator[int]:
    """The draw's endless row of 64-bit numbers.

    The first four are the digest, read in big-endian order; then come those of the digests of
    `<message>:1`, `<message>:2` and so on.
    """
    yield from struct.unpack(">4Q", digest(seed, message))
    counter = 0
    while True:
        counter += 1
        yield from struct.unpack(">4Q", digest(seed, f"{message}:{counter}"))


def reduce(row: Iterable[int], total: int) -> int:
    """The first number of a row that is fair for `total`, modulo `total`.

    2^64 is seldom a multiple of `total`; what lies above the last whole multiple would favour the
    small residues, so it is rejected and the next number is taken. Every residue is equally likely.

    :raises ValueError: unless 1 <= total <= 2^64, or if the row ends before a fair number came.
    """
    if not 1 <= total <= WORD:
        raise ValueError(f"a total lies between 1 and 2^64, not {total}")
    fair = WORD - WORD % total
    for word in row:
        if word < fair:
            return word % total
    raise ValueError("no number of the row was fair")


def number(seed: bytes, message: str, total: int) -> int:
    """The draw's number: 0 to total - 1, each equally likely.

    :raises ValueError: unless 1 <= total <= 2^64.
    """
    return reduce(words(seed, message), total)
