"""Giving a list of grants of any kinds, for any members, in the caller's transaction."""

from collections import defaultdict
from collections.abc import Sequence

from . import points as points  # noqa: PLC0414 - points can always be given
from .kinds import Grant, Granted, kind_of


def grant_all(grants: Sequence[Grant]) -> list[Granted]:
    """Give them all, kind by kind, each kind in a constant number of statements.

    :raises RewardNotAllowed: nobody gives one of the kinds any more; nothing was given.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, grant in enumerate(grants):
        places[grant.kind].append(place)
    kinds = {code: kind_of(code) for code in places}
    granted: dict[int, Granted] = {}
    for code, kind in kinds.items():
        given = kind.give([grants[place] for place in places[code]])
        granted.update(zip(places[code], given, strict=True))
    return [granted[place] for place in range(len(grants))]
