"""How the shop sells and gives: points, messages, orders, coupons, the till, draws."""

from dataclasses import dataclass

from .setting import setting


@dataclass(frozen=True)
class SellingSettings:
    """How the shop sells and gives: points, messages, orders, coupons, the till, draws."""

    # Points
    points_valid_days: int = setting(365, "life of earned points; 0: they never expire", "days")
    points_restore_grace_days: int = setting(
        7, "life of restored points whose own lot has expired meanwhile", "days"
    )
    points_expiring_soon_days: int = setting(7, "ahead of expiry when points are announced", "days")
    purchase_points_mature_days: int = setting(
        0, "how long points of a purchase wait before they can be spent; 0: they do not", "days"
    )

    adjustment_limit_points: int = setting(
        5_000,
        "points that one person gives a member, or takes, by hand in a day; beyond it another manager "
        "approves; 0: no limit",
        "points",
    )
    adjustment_request_days: int = setting(
        7, "how long an adjustment that needs approval waits for it", "days"
    )

    # Figures of the shop
    member_active_days: int = setting(
        30, "who did something within so long counts as active", "days"
    )
    member_dormant_days: int = setting(60, "who did nothing for so long counts as dormant", "days")

    # Messages to members
    message_channel: str = setting(
        "console", "subscribe: WeChat subscribe messages; console: the log; null: nothing"
    )
    message_templates: str = setting(
        "",
        'WeChat templates as JSON: {"points_expiring": "template id"}, or with its keywords '
        '{"points_expiring": {"id": "…", "keywords": {"points": "number1"}}}',
    )
    message_program_state: str = setting(
        "formal", "which version a message opens: formal, trial or developer"
    )
    message_quiet_hours: str = setting(
        "22:00-08:00", "no message by the shop's clock; empty: at any hour"
    )
    messages_per_day: int = setting(3, "most messages to one member in a day", "messages")

    # Orders paid in points
    shipping_fen: int = setting(
        0,
        "what a member pays for an order that is sent, once for the order, before tier and coupons; "
        "it is owed as cash, so it takes WeChat Pay or the wallet; 0: nothing",
        "fen",
    )
    redemption_receive_days: int = setting(
        10, "after so long a parcel that was sent counts as received", "days"
    )
    payment_unknown_hours: int = setting(
        24,
        "how long past its time a payment of which nothing is known keeps points and goods aside",
        "hours",
    )
    pickup_lookups_per_minute: int = setting(
        60, "pick-up codes that one till may look up, right or wrong", "calls a minute"
    )
    pickup_lookups_burst: int = setting(
        30, "pick-up codes that one till may look up at once", "calls"
    )

    # Buying for money
    points_per_yuan: int = setting(
        100, "points that pay one yuan of a bill; 0: points do not pay bills", "points"
    )
    points_as_cash_cap_bp: int = setting(5000, "most of a bill that points may pay", "basis points")
    wallet_most_principal_fen: int = setting(
        500_000, "most that a member may have paid into a wallet; 0: no limit", "fen"
    )
    wechat_shipping_report: bool = setting(
        default=False,
        meaning="tell WeChat what was shipped or collected, without which it keeps the money frozen",
    )

    # Coupons
    coupon_remind_days: int = setting(
        3, "how long before a coupon ends its member is reminded", "days"
    )
    coupon_gift_hours: int = setting(
        72, "how long a coupon that was offered to a friend waits to be taken", "hours"
    )
    coupon_codes_per_minute: int = setting(
        10, "coupon codes that a member may type in, right or wrong", "calls a minute"
    )
    coupon_codes_burst: int = setting(5, "coupon codes that may be typed in at once", "calls")
    coupon_wrong_codes_per_day: int = setting(
        20, "wrong coupon codes of a member after which the day is over", "codes"
    )

    # The till
    member_code_seconds: int = setting(60, "life of a member code", "seconds")
    member_code_refresh_seconds: int = setting(
        30, "after so long a phone shows a new one", "seconds"
    )
    member_code_grace_seconds: int = setting(
        5, "how much longer a member code is good once the next one is issued", "seconds"
    )
    member_codes_per_minute: int = setting(
        12, "member codes that one member asks for", "calls a minute"
    )
    tills_must_be_registered: bool = setting(
        default=False, meaning="only tills that a manager has registered may act"
    )
    till_scans_per_second: int = setting(5, "scans at one till", "calls a second")
    till_scans_burst: int = setting(20, "scans at one till at once", "calls")
    till_lock_after: int = setting(10, "unknown codes in a row that lock a till", "codes")
    till_lock_minutes: int = setting(10, "how long it stays locked", "minutes")
    till_lookups_per_minute: int = setting(
        10, "look-ups by the last digits of a phone that one person makes", "calls a minute"
    )
    till_sale_limit_fen: int = setting(
        500_000, "largest sale of a cashier without a manager's approval; 0: no limit", "fen"
    )
    till_refund_limit_fen: int = setting(
        20_000, "largest refund of a cashier without a manager's approval; 0: no limit", "fen"
    )
    till_member_sales_per_day: int = setting(
        3, "sales of one cashier to one member in a day without an approval; 0: no limit", "sales"
    )
    till_pickup_undo_minutes: int = setting(10, "how long a hand-over can be taken back", "minutes")
    receipt_claim_hours: int = setting(
        24, "how long a sale without a member can be claimed by its receipt", "hours"
    )

    # Lucky draws
    lottery_reveal_after_minutes: int = setting(
        5, "how long after midnight the day's seed is published", "minutes"
    )
    draw_chance_valid_days: int = setting(
        30, "life of a draw chance for which its rule names none; 0: it never expires", "days"
    )

    # Limited things
    claim_interval_seconds: float = setting(
        0.67, "between a member's claims on one pool, at a steady pace", "seconds"
    )
    claim_burst: int = setting(3, "claims of a member that may come at once; 0: no pace", "claims")
    sold_out_memory_seconds: float = setting(
        0.2, "how long a process answers sold out without asking; 0: it always asks", "seconds"
    )
    stock_without_redis: str = setting(
        "database", "while Redis is away: database (slower, as right), or refuse (503)"
    )
