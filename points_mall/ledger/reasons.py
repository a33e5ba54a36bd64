"""Why points move. Each feature declares its reasons; every line of a statement has a title."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why points moved, and who stands on the other side of the entry.

    :param code: stable, stored in the entry and told to clients.
    :param counterparty: the side that gives or takes (`checkin`, `purchase`, `expiry`, …).
    :param may_mature: whether an earning for this reason may wait before it counts.
    """

    code: str
    title_zh: str
    title_en: str
    counterparty: str
    may_mature: bool = False


_declared: dict[str, Reason] = {}


def declare(
    code: str, title_zh: str, title_en: str, *, counterparty: str, may_mature: bool = False
) -> Reason:
    """Make a reason known to the ledger; declaring it again must say the same."""
    reason = Reason(code, title_zh, title_en, counterparty, may_mature)
    if _declared.setdefault(code, reason) != reason:
        raise ValueError(f"reason {code} is declared twice, differently")
    return reason


def title(code: str, language: str) -> str:
    """What a statement calls the reason; an unknown code is its own title."""
    reason = _declared.get(code)
    if reason is None:
        return code
    return reason.title_en if language.startswith("en") else reason.title_zh


def declared() -> list[Reason]:
    """Every reason that features have declared, by code."""
    return sorted(_declared.values(), key=lambda reason: reason.code)


EXPIRY = declare("expiry", "积分过期", "Points expired", counterparty="expiry")
ADJUSTMENT = declare("adjustment", "积分调整", "Adjustment", counterparty="adjustment")
CLOSURE = declare("closure", "账户注销", "Account closed", counterparty="closure")
REVERSAL = declare("reversal", "积分收回", "Points taken back", counterparty="")
RESTORATION = declare("restoration", "积分退回", "Points returned", counterparty="")
# the last two stand on the side of the entry that they undo
