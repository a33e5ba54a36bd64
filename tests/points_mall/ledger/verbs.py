"""From a movement to the verb of `posting` that makes it."""

from collections.abc import Callable

from points_mall.ledger import posting
from points_mall.ledger.movements import Credit, Debit, Hold, Movement, Posted


def by_its_verb(movement: Movement) -> Callable[[], Posted]:
    """The verb of `posting` that makes this movement, ready to be called."""
    facts = dict(vars(movement))
    verb = getattr(posting, type(movement).__name__.lower(), None)
    if verb is None:  # what only jobs post has no verb of its own
        return lambda: posting._post_one(movement)
    first = [facts.pop("member_id")]
    if isinstance(movement, Credit | Debit | Hold):
        first.append(facts.pop("points"))
    return lambda: verb(*first, **facts)
