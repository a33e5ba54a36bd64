"""What a published sale offers, changed until it opens; and never a price that nobody was shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db
from miniprogram_api.repeats.records import Claim
from points_mall.catalogue.errors import NoSuchReward
from points_mall.flash_sale import sales, services
from points_mall.flash_sale.errors import ItemsStay, NoSuchItem, SaleOver
from points_mall.flash_sale.items import terms_of
from points_mall.flash_sale.models import FlashSale, FlashSaleItem
from points_mall.flash_sale.revising import ItemRevision, revise
from points_mall.flash_sale.terms import ItemTerms
from points_mall.redemption.placing import Placement, place
from points_mall.stock.errors import NotStarted
from tests.form_shown import form_shown
from tests.office import Clerk, acts_count, acts_of

from .conftest import (
    HOUR,
    MUG,
    Held,
    assert_books_are_clean,
    free_units,
    look_again,
    orders,
    outcome,
    published,
    shopper,
)

UMBRELLA = ItemTerms("雨伞", 50, 2, allowance=None)


@pytest.fixture
def sale(app: Flask) -> Held:
    """A mug and an umbrella, in an hour."""
    return published(MUG, UMBRELLA, starts_at=now() + HOUR)


def revised(sale: Held, *items: tuple[ItemTerms, int | None]) -> None:
    row = db.session.get_one(FlashSale, sale.id)
    title, starts_at, ends_at = row.title, row.starts_at, row.ends_at
    db.session.rollback()
    revisions = [ItemRevision(terms, item_id) for terms, item_id in items]
    revise(sale.id, title=title, starts_at=starts_at, ends_at=ends_at, items=revisions)


def offered(sale: Held) -> list[tuple[int, int, ItemTerms]]:
    """The id, place and terms of each item."""
    db.session.rollback()
    query = sa.select(FlashSaleItem).filter_by(sale_id=sale.id).order_by(FlashSaleItem.position)
    return [(item.id, item.position, terms_of(item)) for item in db.session.scalars(query)]


def opens(sale: Held) -> Held:
    """Let a sale open a second ago; answer it with the items that it offers now."""
    services.change(sale.id, starts_at=now() - timedelta(seconds=1))
    look_again()
    return replace(sale, items=[item_id for item_id, _place, _terms in offered(sale)])


def test_another_price_is_another_item_and_only_that_one_is_sold(
    app: Flask, sale: Held, client: FlaskClient
) -> None:
    mug, umbrella = sale.items
    revised(sale, (replace(MUG, points_price=150), mug), (replace(UMBRELLA, stock=5), umbrella))
    (new_mug, *first), kept = offered(sale)
    assert first == [1, ItemTerms("保温杯", 150, 3)]
    assert new_mug not in sale.items
    assert kept == (umbrella, 2, ItemTerms("雨伞", 50, 5, allowance=None))
    assert free_units(sale.pools[0]) == 0
    assert free_units(sale.pools[1]) == 5
    open_now = opens(sale)
    li = shopper(client)
    assert outcome([li.claim(sale), li.claim(open_now)]) == ["no_such_item", "ready"]
    ((points, source_id),) = [(order.points, order.source_id) for order in orders()]
    assert (points, source_id) == (150, new_mug)
    assert_books_are_clean(app)


def test_who_remembers_the_old_price_is_refused_and_pays_nothing(
    app: Flask, sale: Held, client: FlaskClient
) -> None:
    remembered = sales.sale_of(sale.id).item(sale.items[0])  # by another process, a moment ago
    revised(sale, (replace(MUG, points_price=999), sale.items[0]), (UMBRELLA, sale.items[1]))
    opens(sale)
    li = shopper(client)
    claim = Claim(f"member:{li.member_id}", "claim-0001", "the mug")
    with pytest.raises(NotStarted):  # its pool never opens
        place(Placement(li.member_id, claim, remembered.offer))
    assert orders() == []
    assert_books_are_clean(app)


def test_items_come_and_go_until_it_opens(app: Flask, sale: Held) -> None:
    mug, umbrella = sale.items
    fan = ItemTerms("风扇", 70, 1)
    revised(sale, (UMBRELLA, umbrella), (fan, None))
    assert [(place, terms) for _id, place, terms in offered(sale)] == [(2, UMBRELLA), (3, fan)]
    revised(sale, (UMBRELLA, umbrella), (MUG, None))
    assert [(place, terms) for _id, place, terms in offered(sale)] == [(2, UMBRELLA), (4, MUG)]
    assert [item_id for item_id, _place, _terms in offered(sale)] == [umbrella, mug + 3]
    assert_books_are_clean(app)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "大号保温杯"},
        {"cash_fen": 100},
        {"allowance": 2},
        {"min_tier_rank": 1},
        {"fulfilment": "delivery"},
        {"is_cancellable": False},
    ],
)
def test_whatever_a_member_is_shown_changes_with_the_number(
    app: Flask, sale: Held, change: dict[str, object]
) -> None:
    mug, umbrella = sale.items
    changed = replace(MUG, **change)  # type: ignore[arg-type]
    revised(sale, (changed, mug), (UMBRELLA, umbrella))
    (new_id, place, terms), _ = offered(sale)
    assert (new_id == mug, place, terms) == (False, 1, changed)


@pytest.mark.parametrize("stock", [1, 9])
def test_stock_alone_keeps_the_item(app: Flask, sale: Held, stock: int) -> None:
    mug, umbrella = sale.items
    revised(sale, (replace(MUG, stock=stock), mug), (UMBRELLA, umbrella))
    assert [item_id for item_id, _place, _terms in offered(sale)] == [mug, umbrella]
    assert free_units(sale.pools[0]) == stock
    assert_books_are_clean(app)


def test_once_it_has_opened_its_items_stay(app: Flask, sale: Held, client: FlaskClient) -> None:
    sale = opens(sale)
    before = offered(sale)
    dear = (replace(MUG, points_price=150), sale.items[0])
    for items in ([dear, (UMBRELLA, sale.items[1])], [(MUG, sale.items[0])], [(UMBRELLA, None)]):
        with pytest.raises(ItemsStay):
            revised(sale, *items)
    assert offered(sale) == before
    revised(sale, (MUG, sale.items[0]), (UMBRELLA, sale.items[1]))  # nothing of them changes
    assert outcome([shopper(client).claim(sale)]) == ["ready"]
    services.close(sale.id)
    with pytest.raises(SaleOver):
        revised(sale, dear)


def test_what_cannot_be_leaves_everything_as_it_was(app: Flask, sale: Held) -> None:
    other = published(MUG, starts_at=now() + HOUR)
    mug, umbrella = sale.items
    before = offered(sale)
    for refusal, items in (
        (NoSuchItem, [(MUG, other.items[0])]),
        (NoSuchItem, [(MUG, mug), (UMBRELLA, mug)]),
        (NoSuchReward, [(replace(MUG, reward_id=77), mug), (UMBRELLA, umbrella)]),
    ):
        with pytest.raises(refusal):
            revised(sale, *items)
        assert offered(sale) == before
    assert_books_are_clean(app)


# ------------------------------------------------------------------ on the page


@pytest.fixture
def zhou(app: Flask) -> Clerk:
    return Clerk(app, "editor")


def test_prices_are_edited_on_the_page_and_told_in_the_audit(
    app: Flask, zhou: Clerk, sale: Held
) -> None:
    edit = f"/admin/flash-sales/{sale.id}/edit"
    sent = form_shown(zhou.get(edit).text) | {"items-0-points_price": "120", "reason": "定价有误"}
    assert sent["items-1-title"] == "雨伞"
    preview = zhou.post(f"{edit}/preview", **sent).text
    assert "120 积分" in preview
    assert zhou.post(f"{edit}/publish", **sent).location.endswith(f"/{sale.id}?told=saved")
    ((_who, subject, before, after, why),) = acts_of("flash_sale.change")
    assert (subject, why) == (f"flash_sale:{sale.id}", "定价有误")
    prices = [[item["points_price"] for item in told["items"]] for told in (before, after)]
    assert prices == [[100, 50], [120, 50]]
    assert before["items"][0]["id"] != after["items"][0]["id"]
    assert before["items"][1] == after["items"][1]


def test_a_form_from_before_the_opening_changes_no_price(
    app: Flask, zhou: Clerk, sale: Held
) -> None:
    edit = f"/admin/flash-sales/{sale.id}/edit"
    sent = form_shown(zhou.get(edit).text) | {"items-0-points_price": "120", "reason": "x"}
    db.session.rollback()
    opened = now() - timedelta(seconds=1)
    services.change(sale.id, starts_at=opened)
    held, before = offered(sale), acts_count()
    assert zhou.post(f"{edit}/publish", **sent).status_code == 409  # its times are others by now
    page = zhou.get(edit).text
    assert "已经开抢：会员正按这里的价格与限购下单" in page
    assert "items-0-points_price" not in page
    shown = form_shown(page)
    late = {name: value for name, value in sent.items() if name.startswith("items-")}
    refused = zhou.post(f"{edit}/publish", **shown | late | {"reason": "x"})
    assert refused.status_code == 409
    assert "已经开抢：商品、价格与限购不能再改" in refused.text
    assert (offered(sale), acts_count()) == (held, before)
    renamed = zhou.post(f"{edit}/publish", **shown | {"title": "改名", "reason": "错字"})
    assert renamed.status_code == 303
    assert offered(sale) == held


def test_of_two_who_edit_prices_the_later_is_shown_both(
    app: Flask, zhou: Clerk, sale: Held
) -> None:
    edit = f"/admin/flash-sales/{sale.id}/edit"
    mine = form_shown(zhou.get(edit).text) | {"items-0-points_price": "120", "reason": "甲"}
    theirs = {**mine, "items-0-points_price": "130", "reason": "乙"}
    assert zhou.post(f"{edit}/publish", **theirs).status_code == 303
    before = offered(sale)
    answer = zhou.post(f"{edit}/publish", **mine)
    assert answer.status_code == 409
    assert '积分价</td><td class="wide-word">130</td><td class="wide-word">120</td>' in answer.text
    assert offered(sale) == before


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"items-0-points_price": "0"}, "须在 1 到 1000000000"),
        ({"items-0-stock": "0"}, "须在 1 到 1000000"),
        ({"items-0-title": ""}, "请填写"),
        ({"items-0-id": "77"}, "活动中没有该商品"),
        ({"items-0-reward_id": "77"}, "商品不存在或已下架"),
    ],
)
def test_a_price_that_cannot_be_is_refused_and_nothing_moves(
    app: Flask, zhou: Clerk, sale: Held, changed: dict[str, str], said: str
) -> None:
    edit = f"/admin/flash-sales/{sale.id}/edit"
    sent = form_shown(zhou.get(edit).text) | {"reason": "x"} | changed
    held, before = offered(sale), acts_count()
    answer = zhou.post(f"{edit}/publish", **sent)
    assert answer.status_code in {404, 422}
    assert said in answer.text
    assert (offered(sale), acts_count()) == (held, before)
