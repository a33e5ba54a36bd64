"""Demo data: a threshold offer of two levels on everything in the shop."""

from miniprogram_api.demo.seeds import Seeding

from . import offer_book
from .offers import ThresholdOffer

ACTOR = "demo"
TITLE_ZH, TITLE_EN = "满200减15，满500减50", "¥15 off from ¥200, ¥50 off from ¥500"
OFFERS = (ThresholdOffer("season", TITLE_ZH, TITLE_EN, ((200_00, 15_00), (500_00, 50_00))),)


def seed(seeding: Seeding) -> None:
    """The offers, where the shop has none of that code yet."""
    known = {one.code for one in offer_book.read_all()}
    fresh = [offer for offer in OFFERS if offer.code not in known]
    seeding.expect(len(fresh))
    for offer in fresh:
        offer_book.publish(offer, actor=ACTOR)
        seeding.advance()
