"""Coupons come back by their terms, and whatever is bought and refunded adds up to the cent."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError
from points_mall.coupons.errors import TermsNotAllowed
from points_mall.coupons.models import Coupon
from points_mall.coupons.terms import Kind, Policy, Restore
from points_mall.coupons.validity import Span, Validity
from points_mall.discounts import offer_book
from points_mall.discounts.bill import Bill as DiscountBill
from points_mall.discounts.offers import ThresholdOffer
from points_mall.purchases import audit
from points_mall.purchases.bills import Asked, Bill
from points_mall.purchases.facts import PaidLine
from points_mall.purchases.models import PurchaseLine
from points_mall.purchases.prices import price_for
from points_mall.purchases.quoting import drafted, means_of
from points_mall.purchases.recording import record_purchase, record_purchases
from points_mall.purchases.records import PurchaseRecord
from points_mall.purchases.refunds import record_refund, record_refunds
from points_mall.purchases.states import Purpose
from points_mall.purchases.tenders import set_aside
from points_mall.purchases.writing import write_purchases
from tests.points_mall.coupons.conftest import coupon, coupons_of, give, history, template
from tests.points_mall.discounts.bills import any_bill, any_terms

from . import shop
from .shop import LATER, audited
from .test_orders_of_messages import Fact, all_orders, read_within, record, told
from .test_recording import statements

WHOLE, BY_SHARE, NEVER = Restore(Policy.WHOLE), Restore(Policy.BY_SHARE), Restore(Policy.NEVER)
_counted = iter(range(1, 1_000_000))


def places(member_id: int, *fens: int, coupons: tuple[str, ...] = ()) -> PurchaseRecord:
    """A purchase of goods at these prices that waits to be paid."""
    return bought(member_id, [PaidLine("午餐", fen) for fen in fens], Asked(coupons=coupons))


def bought(member_id: int, lines: Sequence[PaidLine], asked: Asked) -> PurchaseRecord:
    bill = Bill(
        Purpose.SALE,
        "午餐",
        tuple(lines),
        LATER,
        takes_discount=True,
        takes_points=True,
        takes_wallet=True,
    )
    with transaction() as session:
        price, means = price_for(member_id, bill, asked), means_of(member_id)
        number = f"P{next(_counted):020d}"
        purchase = drafted(member_id, number, bill, asked, means, price)
        set_aside(purchase, member_id)
        write_purchases(session, [purchase])
    return purchase


def paid_of(purchase: PurchaseRecord) -> Any:
    return shop.paid(purchase.purchase_no, purchase.cash_fen)


# ------------------------------------------------------------------ policies


def test_a_whole_coupon_comes_back_with_the_last_cent(mall: Flask) -> None:
    template("ten", Kind.AMOUNT_OFF, amount_fen=1000, threshold_fen=5000, restore=WHOLE)
    (li,) = shop.enrol()
    [code] = give(li, "ten")
    payment = paid_of(places(li, 60_00, coupons=(code,)))
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", 49_99))
    assert coupon(code).state == "used"
    record_refund(shop.refunded(payment, "2", 1))
    assert coupon(code).state == "unused"
    assert history(code) == ["issued", "locked", "used", "restored"]
    assert shop.points_of(li) == (0, 0, 0)
    assert audited() == []
    again = places(li, 60_00, coupons=(code,))
    record_purchase(paid_of(again))
    assert coupon(code).used_for == f"purchase:{again.purchase_no}"
    assert audited() == []


def test_shares_of_a_coupon_come_back_with_each_refund_and_add_up(mall: Flask) -> None:
    template("ten", amount_fen=1000, restore=BY_SHARE)
    (li,) = shop.enrol()
    [code] = give(li, "ten")
    payment = paid_of(places(li, 33_33, 26_67, coupons=(code,)))
    record_purchase(payment)
    for number, fen in enumerate((16_67, 16_67, 16_66)):
        record_refund(shop.refunded(payment, str(number), fen))
        assert audited() == []
    shares = [one.terms["amount_fen"] for one in coupons_of(li) if one.code != code]
    assert shares == [333, 333, 334]
    assert (coupon(code).state, coupon(code).restored_fen) == ("used", 1000)


def test_what_never_comes_back_stays_used(mall: Flask) -> None:
    template("ten", amount_fen=1000, restore=NEVER)
    (li,) = shop.enrol()
    [code] = give(li, "ten")
    payment = paid_of(places(li, 60_00, coupons=(code,)))
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", 50_00))
    assert [one.state for one in coupons_of(li)] == ["used"]
    assert audited() == []


def test_a_coupon_that_comes_back_after_its_end_lives_on_where_its_terms_say_so(
    mall: Flask,
) -> None:
    kept = Restore(Policy.WHOLE, extend_days=7)
    template("today", validity=Validity(Span.SAME_DAY), restore=kept)
    (li,) = shop.enrol()
    [code] = give(li, "today")
    payment = paid_of(places(li, 60_00, coupons=(code,)))
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", 55_00))
    assert coupon(code).state == "unused"
    assert coupon(code).valid_until >= now() + timedelta(days=7)


def test_a_refund_in_cash_alone_brings_back_the_same_share(mall: Flask) -> None:
    template("ten", amount_fen=1000, restore=BY_SHARE)
    (li,) = shop.enrol(points=1000)
    [code] = give(li, "ten")
    lines, asked = [PaidLine("午餐", 50_00)], Asked(most_points=1000, coupons=(code,))
    payment = paid_of(bought(li, lines, asked))
    assert payment.amount_fen == 30_00
    record_purchase(payment)
    record_refund(shop.refunded(payment, "1", cash_fen=15_00))
    assert [one.terms["amount_fen"] for one in coupons_of(li) if one.code != code] == [500]
    assert audited() == []


def test_a_batch_uses_and_restores_the_coupons_of_many_at_once(mall: Flask) -> None:
    template("ten", amount_fen=1000, restore=WHOLE)
    members = shop.enrol(5)
    codes = [give(member, "ten")[0] for member in members]
    payments = [
        paid_of(places(member, 60_00, coupons=(code,)))
        for member, code in zip(members, codes, strict=True)
    ]
    record_purchases([*payments, *payments])
    assert {coupon(code).state for code in codes} == {"used"}
    refunds = [shop.refunded(payment, "1", 50_00) for payment in payments[:3]]
    record_refunds([*refunds, *refunds])
    assert [coupon(code).state for code in codes] == ["unused"] * 3 + ["used"] * 2
    assert audited() == []


def test_many_coupons_take_as_many_statements_as_few(mall: Flask) -> None:
    template("ten", amount_fen=1000, restore=BY_SHARE)
    members = shop.enrol(24)

    def record_all(some: Sequence[int]) -> list[str]:
        facts = [paid_of(places(who, 60_00, coupons=(give(who, "ten")[0],))) for who in some]
        with statements() as seen:
            record_purchases(facts)
            record_refunds([shop.refunded(fact, "1", 10_00) for fact in facts])
        return seen

    record_all(members[:1])  # compiles the statements, fills the memories
    few, many = record_all(members[1:4]), record_all(members[4:])

    assert len(many) == len(few)
    assert audited() == []


# ------------------------------------------------------------------ any order


@pytest.mark.parametrize("restore", [WHOLE, BY_SHARE, NEVER], ids=["whole", "by_share", "never"])
def test_every_order_of_messages_ends_the_same_with_coupons_too(
    mall: Flask, restore: Restore
) -> None:
    template("ten", amount_fen=1000, restore=restore)
    (li,) = shop.enrol(points=500)
    codes = give(li, "ten", 2)
    lines = [PaidLine("咖啡", 99_99), PaidLine("午餐", 116_48)]
    payment = paid_of(bought(li, lines, Asked(most_points=321, coupons=tuple(codes))))
    first = shop.refunded(payment, "1", 70_01)
    second = shop.refunded(payment, "2", 90_48, lines={2: 90_48})
    facts: list[Fact] = [payment, first, second, first, payment]

    ends = [told(order) for order in all_orders(facts)]

    assert len(ends) == 30
    assert all(end == ends[0] for end in ends)
    # Of 196.47, after 20.00 off, 160.49 came back: 8.16 of each ten yuan, where they come by share.
    assert ends[0]["shares of coupons"] == ({li: 2 * 8_16} if restore is BY_SHARE else {})


# ------------------------------------------------------------------ any bill

_MEMBER_PAYS = st.tuples(st.sampled_from((0, 120, None)), st.sampled_from((0, 250, None)))


@given(
    drawn=any_bill(),
    made=st.lists(any_terms(), min_size=1, max_size=4),
    policies=st.lists(st.sampled_from(Policy), min_size=4, max_size=4),
    chosen=st.none() | st.integers(0, 3),
    pays=_MEMBER_PAYS,
    cuts=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    shuffle=st.randoms(use_true_random=False),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_bought_with_any_coupons_and_refunded_adds_up(
    mall: Flask,
    drawn: DiscountBill,
    made: Sequence[Any],
    policies: Sequence[Policy],
    chosen: int | None,
    pays: tuple[int | None, int | None],
    cuts: Sequence[int],
    shuffle: Any,
) -> None:
    with shop.undone():
        (li,) = shop.enrol(points=300, principal_fen=500, bonus_fen=200)
        codes = coupons_for(li, made, policies)
        lines = [
            PaidLine(f"{line.category}", line.amount_fen, None, line.category, line.sku, 1)
            for line in drawn.lines
        ]
        wanted = None if chosen is None else tuple(codes[chosen : chosen + 1])
        purchase = buy_if_possible(li, lines, wanted, pays)
        if purchase is None:
            return
        everything_adds_up(purchase)
        facts = refunds_of(purchase, cuts)
        shuffle.shuffle(facts)
        for fact in facts:
            record(fact)
            nothing_beyond_what_was_paid(purchase)
        record(paid_of(purchase))
        end = read_within()
        assert [row[1] for row in end["purchases"]] == ["paid"]
        assert [str(one) for one in audit.findings(db.session())] == []
        assert end["purchases"][0][2] == purchase.total_fen
        assert shop_accounts(li) == (300, 0, 0, 500, 200)


def coupons_for(li: int, made: Sequence[Any], policies: Sequence[Policy]) -> list[str]:
    """A coupon of each of these terms that may be."""
    codes = []
    for number, terms in enumerate(made):
        policy = policies[number]
        if policy is Policy.BY_SHARE and terms.kind not in {Kind.CASH, Kind.AMOUNT_OFF}:
            policy = Policy.WHOLE
        own = {name: getattr(terms, name) for name in terms.__dataclass_fields__}
        own |= {"restore": Restore(policy), "validity": Validity(Span.DAYS, days=30)}
        try:
            template(f"any{number}", **own)
        except TermsNotAllowed:
            continue
        codes += give(li, f"any{number}")
    return codes


def buy_if_possible(
    li: int,
    lines: Sequence[PaidLine],
    wanted: Sequence[str] | None,
    pays: tuple[int | None, int | None],
) -> PurchaseRecord | None:
    asked = Asked(
        most_points=pays[0],
        most_wallet_fen=pays[1],
        coupons=None if wanted is None else tuple(wanted),
    )
    try:
        return bought(li, lines, asked)
    except DomainError:
        return None


def everything_adds_up(purchase: PurchaseRecord) -> None:
    payable = [line.payable_fen for line in purchase.lines]
    assert min(payable) >= 0
    assert sum(payable) == purchase.total_fen == purchase.gross_fen - purchase.discount_fen
    tenders = purchase.cash_fen, purchase.points_fen, purchase.wallet_fen
    assert min(tenders) >= 0
    assert sum(tenders) == purchase.total_fen
    steps = (purchase.explanation or {}).get("price", {}).get("steps", [])
    assert sum(step["amount_fen"] for step in steps) == purchase.discount_fen


def refunds_of(purchase: PurchaseRecord, cuts: Sequence[int]) -> list[Fact]:
    """The payment and refunds of parts of it, the last of all that is left, and some twice."""
    payment, left = paid_of(purchase), purchase.total_fen
    facts: list[Fact] = [payment]
    for number, cut in enumerate((*cuts, 100)):
        fen = max(1, left * cut // 100) if cut < 100 else left
        is_last = cut == 100 and (left or not purchase.total_fen)
        if 0 < fen <= left or is_last:
            left -= fen
            facts.append(shop.refunded(payment, str(number), fen))
    return [*facts, *facts[:2]]


def nothing_beyond_what_was_paid(purchase: PurchaseRecord) -> None:
    rows = db.session.query(PurchaseLine).filter_by(purchase_id=purchase.id).all()
    assert all(0 <= row.refunded_fen <= row.payable_fen for row in rows)
    for one in db.session.query(Coupon).filter(Coupon.took_fen.is_not(None)):
        assert 0 <= one.restored_fen <= (one.took_fen or 0)


def shop_accounts(li: int) -> tuple[int, ...]:
    """Points available, held and owed, then stored value paid in and given, as the story sees them."""
    accounts = read_within()
    [points] = [row[1:4] for row in accounts["points"] if row[0] == li]
    [wallet] = [row[1:3] for row in accounts["wallets"] if row[0] == li]
    return (*points, *wallet)


def test_threshold_offers_and_coupons_are_shared_over_the_lines(mall: Flask) -> None:
    offer = ThresholdOffer("hundred", "满100减10", "¥10 off", ((100_00, 10_00),))
    offer_book.publish(offer, actor="test")
    template("ten", amount_fen=1001, restore=BY_SHARE)
    (li,) = shop.enrol()
    [code] = give(li, "ten")
    purchase = places(li, 33_33, 66_67, 1, coupons=(code,))
    assert [line.payable_fen for line in purchase.lines] == [26_66, 53_33, 1]
    assert (purchase.total_fen, purchase.discount_fen) == (80_00, 20_01)


# ------------------------------------------------------------------ the proof


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        ("UPDATE coupon SET member_id = {mei}", "coupons used: {{'{code}': 1000}}, found {{}}"),
        ("UPDATE coupon SET member_id = {mei}", "owner of coupon {code}: {li}, found {mei}"),
        ("UPDATE coupon SET restored_fen = 1", "given back of coupon {code}: 0, found 1"),
        (
            "UPDATE purchase SET discount_fen = 900, gross_fen = 5900",
            "discounts add up: 900, found 1000",
        ),
        (
            "UPDATE coupon SET state = 'locked', locked_for = used_for, used_for = NULL, took_fen = NULL",
            "coupons locked: set(), found {{'{code}'}}",
        ),
    ],
)
def test_the_proof_finds_coupons_that_do_not_fit(mall: Flask, spoil: str, finding: str) -> None:
    template("ten", amount_fen=1000, restore=BY_SHARE)
    li, mei = shop.enrol(2)
    [code] = give(li, "ten")
    record_purchase(paid_of(places(li, 60_00, coupons=(code,))))
    assert audited() == []
    facts = {"li": li, "mei": mei, "code": code}
    with transaction() as session:
        session.execute(sa.text(spoil.format(**facts)))

    assert any(one.endswith(finding.format(**facts)) for one in audited()), audited()
