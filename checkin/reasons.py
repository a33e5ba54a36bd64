"""Why check-in moves points."""

from points_mall.ledger.reasons import declare

COUNTERPARTY = "checkin"
DAILY = declare("checkin_daily", "每日签到", "Daily check-in", counterparty=COUNTERPARTY)
STREAK = declare("checkin_streak", "连续签到奖励", "Check-in streak", counterparty=COUNTERPARTY)
TOTAL = declare("checkin_total", "累计签到奖励", "Check-in milestone", counterparty=COUNTERPARTY)
MAKE_UP = declare("make_up", "补签", "Make-up check-in", counterparty=COUNTERPARTY)
