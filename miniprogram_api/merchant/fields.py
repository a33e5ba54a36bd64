"""Fields of forms that people type otherwise than programs send: yuan for fen, times and per cent for basis points.

Loaded, they are what the feature's own schema knows; dumped, they are what somebody would type.
"""

import re
from typing import Any

from miniprogram_api.http.schemas import MAX_FEN, Fen, Integer

_NUMBER = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,4}))?")


class Scaled(Integer):
    """A whole number of a small unit, typed in a larger one: 10 to the power of `decimals` make one."""

    decimals = 2
    default_error_messages = {  # noqa: RUF012 - marshmallow merges these
        "scaled": "Not a number with at most {decimals} decimals.",
        "range": "Must be greater than or equal to {min} and less than or equal to {max}.",
    }

    def __init__(self, minimum: int, maximum: int, **options: Any) -> None:
        self.minimum, self.maximum = minimum, maximum
        super().__init__(minimum, maximum, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> Any:
        return None if value is None else typed_number(value, self.decimals)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **rest: Any) -> Any:
        whole = _whole(value, self.decimals) if isinstance(value, str) else None
        if whole is None:
            raise self.make_error("scaled", decimals=self.decimals)
        if not self.minimum <= whole <= self.maximum:
            least, most = (typed_number(n, self.decimals) for n in (self.minimum, self.maximum))
            raise self.make_error("range", min=least, max=most)
        return whole


class Yuan(Scaled, Fen):
    """Money that is typed in yuan, `19.90`, and meant in fen."""

    default_error_messages = {"scaled": "Not an amount in yuan: 19.90."}  # noqa: RUF012

    def __init__(self, minimum: int = 1, maximum: int = MAX_FEN, **options: Any) -> None:
        super().__init__(minimum, maximum, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **rest: Any) -> Any:
        return None if value is None else typed_yuan(value)


class Times(Scaled):
    """A multiplier that is typed as `1.5` and meant in basis points."""

    decimals = 4


class Percent(Scaled):
    """A share that is typed in per cent, `0.5`, and meant in basis points."""


def typed_number(whole: int, decimals: int) -> str:
    """A number of small units as somebody would type it in the larger: 15000 of ten thousand is `1.5`."""
    large, rest = divmod(whole, 10**decimals)
    return f"{large}.{rest:0{decimals}d}".rstrip("0") if rest else str(large)


def fen_typed(yuan: str) -> int | None:
    """What an amount that was typed in yuan is in fen; None: it is none."""
    return _whole(yuan, Yuan.decimals)


def typed_yuan(fen: int) -> str:
    """An amount as somebody would type it: 1990 is `19.90`, 1900 is `19`."""
    return f"{fen // 100}.{fen % 100:02d}" if fen % 100 else str(fen // 100)


def _whole(text: str, decimals: int) -> int | None:
    """What was typed, in the small unit; None: it is no such number."""
    found = _NUMBER.fullmatch(text)
    if found is None or len(found[2] or "") > decimals:
        return None
    return int(found[1] + (found[2] or "").ljust(decimals, "0"))
