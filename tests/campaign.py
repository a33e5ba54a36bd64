"""How long the long tests are: `MALL_CAMPAIGN=10` makes them ten times as long, and different.

Once is what every run does: quick, and the same every time. A campaign is for a night: it draws new
examples and prints how to repeat the one that failed.
"""

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = max(1, int(os.environ.get("MALL_CAMPAIGN", "1")))
SEED = int(os.environ.get("MALL_SEED", "20261121"))


def times(count: int) -> int:
    """So many in an ordinary run; in a campaign so many times more."""
    return count * TIMES


def report(line: str) -> None:
    """Tell a figure of the run; `pytest -s` shows it, and so does a failure."""
    print(line)  # noqa: T201 - a campaign is run for its figures


def property_settings(examples: int, **more: object) -> settings:
    """Hypothesis, the same every time unless this is a campaign."""
    chosen: dict[str, object] = {
        "max_examples": times(examples),
        "derandomize": TIMES == 1,
        "database": None,
        "deadline": None,
        "print_blob": True,
        "report_multiple_bugs": False,
        "phases": (Phase.explicit, Phase.generate, Phase.shrink),
        "suppress_health_check": list(HealthCheck),
        **more,
    }
    return settings(**chosen)  # type: ignore[arg-type]
