"""Why the lottery moves points, and the names under which it grants."""

from points_mall.ledger.reasons import declare

COUNTERPARTY = "lottery"
DRAW = declare("lottery_draw", "抽奖", "Lucky draw", counterparty=COUNTERPARTY)
PRIZE = declare("lottery_prize", "抽奖奖品", "Prize of a lucky draw", counterparty=COUNTERPARTY)


def reference_of(draw_no: str) -> str:
    """The cause under which a draw pays and gives."""
    return f"draw:{draw_no}"
