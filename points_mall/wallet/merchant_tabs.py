"""余额 · a member's wallet on the member's page."""

from typing import Any

from miniprogram_api.http.language import language
from miniprogram_api.merchant.member_habits import person
from miniprogram_api.merchant.member_tabs import (
    Column,
    Fact,
    Row,
    Shown,
    Tab,
    Table,
    add_fact,
    add_tab,
    page_asked,
)
from miniprogram_api.merchant.shell import moment, yuan
from miniprogram_api.pages.shell import say

from .models import WalletEntry
from .reasons import title
from .statements import balance_fen, entries_of, figures_of

COLUMNS = (
    Column("时间", "When"),
    Column("事由", "For"),
    Column("变动", "Change", is_figure=True),
    Column("其中本金", "Of it principal", is_figure=True),
    Column("其中赠送", "Of it bonus", is_figure=True),
    Column("余额", "Balance", is_figure=True),
    Column("由", "By"),
)


def wallet(member_id: int) -> dict[str, Any]:
    """Principal, bonus and debt, and what moved them."""
    has = figures_of(member_id)
    query = entries_of(member_id).add_columns(WalletEntry.actor)
    rows, after = page_asked(query, WalletEntry.seq, "wallet")
    empty = ("钱包里还没有发生过什么", "Nothing has moved in the wallet yet")
    shown = [_row(row) for row in rows]
    return {
        "facts": [
            (say("储值本金", "Principal"), yuan(has.principal_fen)),
            (say("赠送余额", "Bonus"), yuan(has.bonus_fen)),
            (say("待还", "Owed"), yuan(has.debt_fen)),
        ],
        "tables": [Table("wallet", "余额流水", "Entries", COLUMNS, shown, empty, after)],
    }


def _row(row: Any) -> Row:
    why = (row.explanation or {}).get("why", "")
    return Row(
        (
            Shown(moment(row.occurred_at)),
            Shown(title(row.reason, language()), note=why or row.reference),
            Shown(yuan(row.amount_fen)),
            Shown(yuan(row.principal_fen)),
            Shown(yuan(row.bonus_fen)),
            Shown(yuan(row.balance_after_fen)),
            Shown(person(row.actor)),
        )
    )


def _balance(member_id: int) -> str:
    return yuan(balance_fen(member_id))


add_tab(Tab("wallet", "余额", "Wallet", wallet, rank=20))
add_fact(Fact("wallet", "余额", "Wallet", _balance, rank=30))
