"""Corruptions of a ledger by name, in SQL that both databases understand; `;` ends a statement."""

PLANTED = {
    "a changed entry": """
        UPDATE ledger_entry SET points = points + 1
        WHERE seq = 2
    """,
    "an entry of another day": "UPDATE ledger_entry SET occurred_at = opened_at FROM points_account",
    "a first entry gone": """
        DELETE FROM points_lot
        WHERE entry_id IN (SELECT id FROM ledger_entry
        WHERE seq = 1);
        DELETE FROM ledger_entry
        WHERE seq = 1
    """,
    "a middle entry gone": """
        DELETE FROM lot_draw
        WHERE entry_id IN (SELECT id FROM ledger_entry
        WHERE seq = 4);
        DELETE FROM ledger_entry
        WHERE seq = 4
    """,
    "the last entries gone": """
        DELETE FROM ledger_entry
        WHERE hash IN (SELECT last_hash FROM points_account)
    """,
    "all entries gone": "DELETE FROM ledger_entry",
    "an account gone": """
        DELETE FROM points_account
        WHERE debt > 0
    """,
    "two entries swapped": """
        UPDATE ledger_entry SET seq = -1
        WHERE seq = 2;
        UPDATE ledger_entry SET seq = 2
        WHERE seq = 3;
        UPDATE ledger_entry SET seq = 3
        WHERE seq = -1
    """,
    "a hash renewed after a change": """
        UPDATE ledger_entry SET actor = 'me', hash = prev_hash
        WHERE seq = 2
    """,
    "points given to available": "UPDATE points_account SET available = available + 1",
    "points moved to held": """
        UPDATE points_account SET available = available - 1, held = held + 1
        WHERE available > 0
    """,
    "a debt forgiven": """
        UPDATE points_account SET debt = 0
        WHERE debt > 0
    """,
    "a debt forgiven out of available": """
        UPDATE points_account SET debt = debt - 1, available = available - 1
        WHERE debt > 0 AND available > 0
    """,
    "pending points invented": "UPDATE points_account SET pending = pending + 1",
    "a lifetime embellished": "UPDATE points_account SET lifetime_earned = lifetime_earned + 1",
    "a lot refilled": """
        UPDATE points_lot SET remaining = remaining + 1
        WHERE remaining < granted
    """,
    "a lot granted more": "UPDATE points_lot SET granted = granted + 1",
    "a lot granted more, and filled": """
        UPDATE points_lot SET granted = granted + 1, remaining = remaining + 1;
        UPDATE points_account SET available = available + 1
    """,
    "a hold let go of in its lot": """
        UPDATE points_lot SET held = 0
        WHERE held > 0
    """,
    "a draw gone": """
        DELETE FROM lot_draw
        WHERE kind = 'spend'
    """,
    "a draw on another lot": """
        UPDATE lot_draw SET lot_id = (SELECT max(id) FROM points_lot)
        WHERE kind = 'expire'
    """,
    "a draw and its opposite invented": """
        INSERT INTO lot_draw (id, entry_id, lot_id, kind, points)
        SELECT 901, min(entry_id), max(lot_id), 'restore', -1 FROM lot_draw;
        INSERT INTO lot_draw (id, entry_id, lot_id, kind, points)
        SELECT 902, min(entry_id), max(lot_id), 'repay', 1 FROM lot_draw
        WHERE id < 901
    """,
    "a part of an open hold gone": """
        DELETE FROM hold_part
        WHERE hold_id IN (SELECT id FROM points_hold
        WHERE state = 'open')
    """,
    "a part of a voided hold gone": """
        DELETE FROM hold_part
        WHERE hold_id IN (SELECT id FROM points_hold
        WHERE state = 'voided')
    """,
    "an open hold gone": """
        DELETE FROM points_hold
        WHERE state = 'open'
    """,
    "a captured hold opened again": """
        UPDATE points_hold SET state = 'open', captured_points = 0, closed_at = NULL
        WHERE state = 'captured'
    """,
    "an open hold voided on paper": """
        UPDATE points_hold SET state = 'voided', closed_at = placed_at
        WHERE state = 'open'
    """,
    "a pending earning raised": """
        UPDATE pending_earning SET points = points + 1
        WHERE state = 'pending'
    """,
    "a cancelled earning revived": """
        UPDATE pending_earning SET state = 'pending', cancelled_points = 0
        WHERE state = 'cancelled'
    """,
    "a matured earning that waits again": """
        UPDATE pending_earning SET state = 'pending'
        WHERE state = 'matured';
        UPDATE points_account SET pending = pending + 12
        WHERE pending > 0
    """,
    "a pending earning gone": """
        DELETE FROM pending_earning
        WHERE state = 'pending'
    """,
    "a lot that expired later than its entry says": """
        UPDATE points_lot SET expires_at = NULL
        WHERE id IN (SELECT lot_id FROM lot_draw
        WHERE kind = 'expire')
    """,
    "a lot that expired before it was spent": """
        UPDATE points_lot SET expires_at = (SELECT min(opened_at) FROM points_account)
        WHERE id IN (SELECT lot_id FROM lot_draw
        WHERE kind = 'spend')
    """,
}
