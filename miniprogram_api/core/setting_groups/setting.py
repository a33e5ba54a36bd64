"""A setting that explains itself."""

from dataclasses import field
from typing import Any


def setting(default: Any, meaning: str, unit: str = "") -> Any:
    """A field of `Settings` that explains itself in the example configuration."""
    return field(default=default, metadata={"meaning": meaning, "unit": unit})
