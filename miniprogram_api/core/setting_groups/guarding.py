"""What keeps people and the shop from harm: pace, anti-abuse, privacy."""

from dataclasses import dataclass

from .setting import setting


@dataclass(frozen=True)
class GuardingSettings:
    """What keeps people and the shop from harm: pace, anti-abuse, privacy."""

    # Pace: how fast one caller may go; 0 as a rate: no limit
    login_address_per_second: int = setting(
        50, "logins of one address; high, since many shoppers share one", "calls a second"
    )
    login_address_burst: int = setting(500, "logins of one address at once", "calls")
    login_openid_per_minute: int = setting(10, "logins of one WeChat user", "calls a minute")
    login_openid_burst: int = setting(10, "logins of one WeChat user at once", "calls")
    member_posts_per_second: int = setting(10, "writing calls of one member", "calls a second")
    member_posts_burst: int = setting(20, "writing calls of one member at once", "calls")
    phone_binds_per_hour: int = setting(
        10, "phone numbers that one member asks WeChat for, which costs money", "calls an hour"
    )
    web_workers: int = setting(
        2, "processes that answer requests; they share out the limits while Redis is away"
    )

    # Anti-abuse: from where on a figure counts against somebody; 0: it never does
    risk_members_per_device: int = setting(
        5, "people who log in on one device in a day, beyond which no new one may", "people"
    )
    risk_members_per_address: int = setting(
        500, "people who log in from one address in a day; a weak sign, never alone", "people"
    )
    risk_friends_per_inviter: int = setting(
        5, "friends in a day for whom an inviter is rewarded at once", "friends"
    )
    risk_young_account_hours: int = setting(24, "age below which an account is young", "hours")
    risk_lift_days: int = setting(30, "how long a lifted refusal is not repeated", "days")
    risk_record_days: int = setting(180, "how long refusals are kept", "days")
    wechat_risk_rank: bool = setting(
        default=False,
        meaning="ask WeChat for the risk rank of who logs in (the mini-program needs that permission)",
    )

    # Privacy
    consent_documents: str = setting(
        "terms:1,privacy:1,marketing:1,guardian:1",
        "documents that shoppers may agree to, each with its current version",
    )
    guardian_consent_below_years: int = setting(
        14, "age below which a birthday needs the guardian's consent; 0: it is never asked", "years"
    )
    session_record_days: int = setting(30, "life of a session's record after its end", "days")
    consent_record_days: int = setting(
        1095, "life of the consent records of a closed account", "days"
    )
