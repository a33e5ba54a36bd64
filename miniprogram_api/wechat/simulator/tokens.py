"""Access tokens, with the life that WeChat gives them."""

import secrets

from .world import World

TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300
FORCED_PER_DAY = 20
FORCED_PAUSE_SECONDS = 30
DAY_SECONDS = 24 * 3600


class ForcedTooOften(Exception):
    """A forced renewal is allowed 20 times a day, 30 seconds apart."""


def stable_token(world: World, *, force: bool) -> tuple[str, int]:
    """The token and its seconds to live: the same until five minutes before its end.

    The old one stays valid for those five minutes; a forced renewal kills it at once.

    :raises ForcedTooOften: see there.
    """
    now = world.now()
    current = world.stable_token
    left = world.tokens.get(current, 0.0) - now if current else 0.0
    if force:
        _count_forced(world, now)
        if current:
            world.tokens.pop(current, None)
    elif current and left > OVERLAP_SECONDS:
        return current, int(left)
    world.stable_token = _new(world)
    return world.stable_token, TOKEN_SECONDS


def classic_token(world: World) -> tuple[str, int]:
    """A new token of the older endpoint: it cuts the life of its predecessor to five minutes.

    The stable token lives apart from it.
    """
    until = world.now() + OVERLAP_SECONDS
    for token, ends_at in world.tokens.items():
        if token != world.stable_token:
            world.tokens[token] = min(ends_at, until)
    return _new(world), TOKEN_SECONDS


def revoke_all(world: World) -> None:
    """Make every token invalid."""
    world.tokens.clear()
    world.stable_token = None


def _new(world: World) -> str:
    token = f"{len(world.tokens)}_" + secrets.token_urlsafe(96)
    world.tokens[token] = world.now() + TOKEN_SECONDS
    return token


def _count_forced(world: World, now: float) -> None:
    world.forced_at = [at for at in world.forced_at if now - at < DAY_SECONDS]
    if len(world.forced_at) >= FORCED_PER_DAY:
        raise ForcedTooOften
    if world.forced_at and now - world.forced_at[-1] < FORCED_PAUSE_SECONDS:
        raise ForcedTooOften
    world.forced_at.append(now)
