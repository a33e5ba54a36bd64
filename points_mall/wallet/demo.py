"""Demo data: three plans to top up with."""

from miniprogram_api.demo.seeds import Seeding

from .plans import plans_of_the_shop, put_plan

PLANS = (
    ("topup-100", "储值100元", 100_00, 0),
    ("topup-200", "储值200元送20元", 200_00, 20_00),
    ("topup-500", "储值500元送80元", 500_00, 80_00),
)


def seed(seeding: Seeding) -> None:
    """Three plans, in a shop that has none."""
    if plans_of_the_shop(listed_only=False):
        return
    seeding.expect(len(PLANS))
    for code, title, pay_fen, bonus_fen in PLANS:
        put_plan(code, title=title, pay_fen=pay_fen, bonus_fen=bonus_fen)
        seeding.advance()
