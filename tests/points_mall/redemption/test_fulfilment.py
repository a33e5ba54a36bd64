"""From placed to collected or received; pick-up codes; what closing an account does."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from miniprogram_api.core.clock import clock, now
from miniprogram_api.core.crypto import new_key
from miniprogram_api.core.db import db, transaction
from miniprogram_api.core.errors import DomainError, SlowDown
from miniprogram_api.core.ids import luhn_digit
from miniprogram_api.core.settings import settings
from miniprogram_api.jobs.engine import run_due
from miniprogram_api.jobs.schedule import write_due
from miniprogram_api.members.exports import export_personal_data
from miniprogram_api.members.services import close_account
from points_mall.redemption import audit, pickup_codes, services
from points_mall.redemption.errors import AlreadyCollected, NoSuchPickup, StepNotAllowed
from points_mall.redemption.models import RedemptionOrder
from points_mall.redemption.personal import reseal_addresses
from points_mall.redemption.pickup import confirm_pickup, look_up_pickup
from points_mall.stock.models import StockUnit

from .conftest import ADDRESS, Shopper, audited, available, picture, reward, status_of


def parcel(li: Shopper, **terms: Any) -> str:
    """An order to be delivered."""
    answer = li.redeem(reward(fulfilment="delivery", **terms), delivery=ADDRESS)
    return str(answer.get_json()["order_no"])


def test_an_order_is_looked_up_and_handed_over_once(li: Shopper) -> None:
    order = li.redeem(reward()).get_json()
    code = order["pickup_code"]
    assert look_up_pickup(code, caller="till:1").order_no == order["order_no"]
    assert status_of(order["order_no"]) == "ready"
    assert confirm_pickup(code, caller="till:1").status == "collected"
    with pytest.raises(AlreadyCollected) as refused:
        confirm_pickup(code, caller="till:1")
    assert refused.value.code == "already_collected"
    assert "collected_at" in refused.value.numbers
    before = picture()
    assert li.cancel(order["order_no"]).get_json()["code"] == "order_step_not_allowed"
    assert picture() == before
    assert audited() == []


def test_what_is_cancelled_or_unpaid_is_not_handed_over(li: Shopper) -> None:
    cancelled = li.redeem(reward()).get_json()
    li.cancel(cancelled["order_no"])
    unpaid = li.redeem(reward(cash_fen=100)).get_json()
    for order, status in ((cancelled, "cancelled"), (unpaid, "awaiting_payment")):
        with pytest.raises(StepNotAllowed) as refused:
            confirm_pickup(order["pickup_code"], caller="till:1")
        assert refused.value.numbers == {"order_status": status}


def test_forged_codes_find_nothing(li: Shopper) -> None:
    code = li.redeem(reward()).get_json()["pickup_code"]
    other = f"6{int(code[1:-1]) ^ 1:014d}"
    forged = [
        other + luhn_digit(other),  # well formed, nobody's
        code[:-1] + str((int(code[-1]) + 1) % 10),
        "7" + code[1:],
        code[:-1],
        code + "0",
        "",
        "六六六",
        "٦" * 16,
        code.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        "' OR 1=1 --",
    ]
    for text in forged:
        with pytest.raises(NoSuchPickup):
            confirm_pickup(text, caller="till:1")


def test_codes_are_unlike_each_other_and_carry_a_check_digit() -> None:
    codes = {pickup_codes.new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(pickup_codes.is_code(code) and len(code) == 16 for code in codes)
    wrong = [code[:8] + str((int(code[8]) + 1) % 10) + code[9:] for code in codes]
    assert not any(pickup_codes.is_code(code) for code in wrong)


@pytest.mark.parametrize("app_settings", [{"PICKUP_LOOKUPS_BURST": 3, "CLAIM_BURST": 0}])
def test_guessing_is_slowed_down_for_right_and_wrong_codes_alike(li: Shopper) -> None:
    code = li.redeem(reward()).get_json()["pickup_code"]
    for _ in range(3):
        with pytest.raises(NoSuchPickup):
            look_up_pickup("6000000000000000", caller="till:1")
    for guess in ("6000000000000000", code):
        with pytest.raises(SlowDown):
            confirm_pickup(guess, caller="till:1")
    assert confirm_pickup(code, caller="till:2").status == "collected"


def test_a_reward_that_comes_to_the_counter_is_announced(li: Shopper) -> None:
    order_no = li.redeem(reward(is_stocked=False)).get_json()["order_no"]
    services.mark_ready(order_no)
    assert status_of(order_no) == "ready"
    steps: list[Callable[[], None]] = [
        lambda: services.mark_ready(order_no),
        lambda: services.ship(order_no, "顺丰", "SF1"),
        lambda: services.receive(order_no),
        lambda: services.receive("R0000"),
    ]
    for step in steps:
        with pytest.raises(DomainError):
            step()
    assert status_of(order_no) == "ready"


def test_a_parcel_is_sent_and_received(li: Shopper) -> None:
    order_no = parcel(li)
    with pytest.raises(StepNotAllowed):
        services.mark_ready(order_no)
    services.ship(order_no, "顺丰速运", "SF1234567890")
    shown = li.get(f"/redemptions/{order_no}").get_json()
    assert (shown["status"], shown["carrier"], shown["tracking_no"]) == (
        "shipped", "顺丰速运", "SF1234567890",
    )  # fmt: skip
    assert shown["can_cancel"] is False
    assert li.cancel(order_no).get_json()["code"] == "order_step_not_allowed"
    services.receive(order_no)
    assert status_of(order_no) == "received"
    assert audited() == []


def test_a_parcel_counts_as_received_after_ten_days(li: Shopper) -> None:
    early, late = parcel(li), parcel(li)
    services.ship(early, "顺丰", "SF1")
    clock.set(now() + timedelta(days=9))
    services.ship(late, "顺丰", "SF2")
    assert services.receive_shipped() == 0
    clock.advance(timedelta(days=1))
    assert services.receive_shipped() == 1
    assert (status_of(early), status_of(late)) == ("received", "shipped")


def test_the_export_shows_orders_with_their_address(li: Shopper) -> None:
    order_no = parcel(li)
    [told] = export_personal_data(li.member_id)["redemptions"]
    assert (told["order_no"], told["delivery"]) == (order_no, ADDRESS)
    json.dumps(told)


def test_closing_an_account_cancels_what_waits_and_forgets_addresses(li: Shopper) -> None:
    waiting, sent = parcel(li, points=100), parcel(li, points=100)
    held = li.redeem(reward(points=50, cash_fen=1)).get_json()["order_no"]
    services.ship(sent, "顺丰", "SF1")
    close_account(li.member_id)
    assert [status_of(one) for one in (waiting, sent, held)] == [
        "cancelled", "shipped", "cancelled",
    ]  # fmt: skip
    rows = db.session.execute(
        sa.select(RedemptionOrder.delivery_sealed, RedemptionOrder.cancel_reason)
    )
    assert set(map(tuple, rows)) == {(None, "account_closed"), (None, None)}
    assert available(li.member_id) == 0
    assert audited() == []


def test_addresses_are_sealed_anew_after_a_change_of_keys(
    li: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [parcel(li) for _ in range(3)]
    keys = f"t2:{new_key()},{settings().field_keys}"
    monkeypatch.setattr("miniprogram_api.core.crypto.settings", lambda: _Keys(keys))
    assert reseal_addresses(at_most=2)[0] == 2
    total, after_id = 0, 0
    while True:
        count, last = reseal_addresses(at_most=2, after_id=after_id)
        total += count
        if last is None:
            break
        after_id = last
    assert total == 1
    db.session.rollback()
    sealed = db.session.scalars(sa.select(RedemptionOrder.delivery_sealed)).all()
    assert all(text is not None and text.startswith("t2:") for text in sealed)
    assert li.get(f"/redemptions/{orders[0]}").get_json()["delivery"] == ADDRESS


class _Keys:
    def __init__(self, field_keys: str) -> None:
        self.field_keys = field_keys


def test_the_audit_finds_units_and_orders_that_do_not_match(li: Shopper) -> None:
    bag = reward(stock=3)
    first, second = (li.redeem(bag).get_json()["order_no"] for _ in range(2))
    assert audited() == []
    with transaction() as session:
        session.execute(
            sa.update(StockUnit)
            .filter_by(holder=first)
            .values(holder="R-nobody", member_id=li.member_id)
        )
        session.execute(
            sa.update(RedemptionOrder).filter_by(order_no=second).values(status="cancelled")
        )
    assert sorted((one.order_no, one.ordered, one.owned) for one in audit.findings()) == sorted(
        [(first, 1, 0), ("R-nobody", 0, 1), (second, 0, 1)]
    )


def test_the_operator_hands_over_ships_and_lists(app: Flask, li: Shopper) -> None:
    order = li.redeem(reward()).get_json()
    order_no = parcel(li)
    later = li.redeem(reward(is_stocked=False)).get_json()["order_no"]
    runner = app.test_cli_runner()

    def run(*words: str) -> tuple[int, str]:
        done = runner.invoke(args=["redemptions", *words])
        return done.exit_code, done.output

    assert run("pickup", "--look", order["pickup_code"])[0] == 0
    assert "collected" in run("pickup", order["pickup_code"])[1]
    assert run("pickup", order["pickup_code"])[0] == 1
    assert run("pickup", "12345")[0] == 1
    assert "ready" in run("ready", later)[1]
    assert run("ship", order["order_no"], "--carrier", "顺丰", "--tracking-no", "SF1")[0] == 1
    assert "shipped" in run("ship", order_no, "--carrier", "顺丰", "--tracking-no", "SF1")[1]
    assert "received" in run("receive", order_no)[1]
    assert ADDRESS["detail"] not in run("show", order_no)[1]
    assert ADDRESS["detail"] in run("show", order_no, "--address")[1]
    listed = json.loads(run("list", "--json", "--status", "received")[1])
    assert [one["order_no"] for one in listed] == [order_no]
    assert order_no in run("list")[1]
    assert run("reseal") == (0, "0 resealed\n")


def test_the_jobs_release_and_receive_what_is_due(li: Shopper) -> None:
    unpaid = li.redeem(reward(cash_fen=100)).get_json()["order_no"]
    order_no = parcel(li)
    services.ship(order_no, "顺丰", "SF1")
    clock.set(now() + timedelta(days=11))
    for name in ("redemption.release_unpaid", "redemption.receive_shipped"):
        assert write_due(name, now())
    run_due()
    assert (status_of(unpaid), status_of(order_no)) == ("cancelled", "received")
