"""A rule with everything in it: what the demo runs on, and the file that an operator starts from."""

from .terms import Campaign, Cap, Caps, Cashback, Rate, Terms

EXAMPLE = Terms(
    rate=Rate(1, 100),
    rates={"dining": Rate(2, 100), "jewellery": Rate(1, 1000)},
    excluded=("gift_card",),
    campaigns=(
        Campaign("member_day", "每月18日会员日双倍", 20_000, days_of_month=(18,)),
        Campaign("birthday", "生日月双倍", 20_000, birthday_month=True),
        Campaign("first_purchase", "首单三倍", 30_000, first_purchase=True),
        Campaign(
            "weekend_dining", "周末餐饮1.5倍", 15_000, weekdays=(6, 7), categories=("dining",)
        ),
    ),
    caps=Caps(purchase=Cap(20_000), day=Cap(50_000), month=Cap(200_000)),
    cashback=Cashback(rate_bp=50, most_fen=2_000),
)
