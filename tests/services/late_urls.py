"""URL rules that learn to build URLs when one is first wanted.

Werkzeug compiles two functions a rule for that, which is most of what an application costs to put
together; most tests put one together and never build a URL.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Build = Callable[..., tuple[str, str]]


class LateRule(Rule):
    """A rule as any other."""

    def _compile_builder(self, append_unknown: bool = True) -> Build:
        compile_now = super()._compile_builder
        compiled: Build | None = None

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            compiled = compiled or compile_now(append_unknown)
            return compiled(rule, **values)

        return build
