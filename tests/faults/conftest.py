"""Faults need the same crowd that `tests/crowds` has."""

from tests.crowds.conftest import errand

__all__ = ["errand"]
