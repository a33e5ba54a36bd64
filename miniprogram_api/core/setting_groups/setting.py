"""A setting that explains itself."""

from dataclasses import field
from typing import Any


def setting(default: Any, meaning: str, unit: str = "", *, secret: bool = False) -> Any:
    """A field of `Settings` that explains itself in the example configuration.

    :param secret: no page shows its value.
    """
    return field(default=default, metadata={"meaning": meaning, "unit": unit, "secret": secret})
