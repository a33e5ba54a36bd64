"""The mall, put together: the one module that knows all its features."""

from miniprogram_api import doctor
from miniprogram_api.members import exports, profile
from miniprogram_api.members.events import member_closing, member_enrolled
from miniprogram_api.messaging import kinds as message_kinds
from miniprogram_api.part import Part
from miniprogram_api.risk import blocks
from miniprogram_api.risk.events import blocked_members_changed
from miniprogram_api.setup.steps import add_step

from .business_circle import jobs as _circle_jobs  # noqa: F401 - registers its work
from .business_circle import notifications as circle_notifications
from .business_circle import parked as circle_parked
from .business_circle import personal as circle_personal
from .business_circle import routes as business_circle
from .business_circle.cli import circle_cli
from .business_circle.health import circle_check
from .cashier import jobs as _till_jobs  # noqa: F401 - registers its work
from .cashier import member_routes as at_till
from .cashier import merchant_pages as pickup_pages
from .cashier import pages as till
from .cashier import personal as till_personal
from .cashier import routes as pos
from .cashier import till_routes as tills
from .cashier.cli import tills_cli
from .catalogue import demo as rewards_demo
from .catalogue import goods_demo
from .catalogue import merchant_pages as catalogue_merchant
from .catalogue import routes as rewards
from .catalogue.cli import rewards_cli
from .catalogue.goods_cli import goods_cli
from .coupon_drops import audit as drops_audit
from .coupon_drops import cli as _drop_cli  # noqa: F401 - joins `flask coupons`
from .coupon_drops import demo as drops_demo
from .coupon_drops import door as drops_door
from .coupon_drops import jobs as _drop_jobs  # noqa: F401 - registers its work
from .coupon_drops import routes as coupon_drops
from .coupons import demo as coupons_demo
from .coupons import ending as coupons_ending
from .coupons import jobs as _coupon_jobs  # noqa: F401 - registers its work
from .coupons import member_acts as coupons_acts
from .coupons import merchant_tabs as _coupon_tabs  # noqa: F401 - joins the member's page
from .coupons import occasions
from .coupons import personal as coupons_personal
from .coupons import routes as coupons
from .coupons.cli import coupons_cli
from .coupons.granting import COUPONS
from .coupons.reminders import COUPON_ENDING
from .discounts import demo as offers_demo
from .discounts.cli import offers_cli
from .earning import demo as earning_demo
from .earning import merchant_pages as earning_pages
from .earning import personal as earning_personal
from .earning import replay as earning_replay
from .earning.cli import earning_cli
from .earning.first_rule import FIRST_RULE
from .flash_sale import demo as flash_sale_demo
from .flash_sale import door as sales_door
from .flash_sale import jobs as _flash_sale_jobs  # noqa: F401 - registers its work
from .flash_sale import merchant_pages as flash_sale_merchant
from .flash_sale import routes as flash_sales
from .flash_sale.cli import flash_sale_cli
from .grants import kinds as grant_kinds
from .ledger import adjusting_pages, adjustments, explorer_pages, statements
from .ledger import cli as ledger_cli
from .ledger import jobs as _ledger_jobs  # noqa: F401 - registers its work
from .ledger import merchant_tabs as _points_tabs  # noqa: F401 - joins the member's page
from .ledger import routes as points
from .ledger import services as ledger
from .ledger.demo import seed_command
from .purchases import cancelling, cash_half, shipping
from .purchases import cash_cli as _cash_cli  # noqa: F401 - adds its commands
from .purchases import cash_jobs as _cash_jobs  # noqa: F401 - registers its work
from .purchases import jobs as _purchase_jobs  # noqa: F401 - registers its work
from .purchases import merchant_notices as notice_pages
from .purchases import merchant_pages as purchase_pages
from .purchases import merchant_tabs as _order_tabs  # noqa: F401 - joins the member's page
from .purchases import notifications as payment_notifications
from .purchases import payment_refunds as _refund_notices  # noqa: F401 - registers its notices
from .purchases import payments as _payment_notices  # noqa: F401 - registers its notices
from .purchases import personal as purchase_personal
from .purchases import routes as purchases
from .purchases.cli import purchases_cli
from .purchases.events import paid_too_late, purchases_paid
from .purchases.past import past_purchases
from .redemption import audit as redemption_audit
from .redemption import jobs as _redemption_jobs  # noqa: F401 - registers its work
from .redemption import merchant_pages as order_pages
from .redemption import merchant_shipments as shipment_pages
from .redemption import personal as redemption_personal
from .redemption import routes as redemptions
from .redemption import services as redemption
from .redemption.cli import redemptions_cli
from .redemption.events import order_sent, orders_cancelled
from .reports import jobs as _report_jobs  # noqa: F401 - registers its work
from .reports import merchant_columns as _columns  # noqa: F401 - joins the list of members
from .reports import merchant_pages as reports_pages
from .reports import merchant_sieves as _sieves  # noqa: F401 - joins the list of members
from .reports import recounting
from .reports.cli import reports_cli
from .stock import audit as stock_audit
from .stock import blocking, rebuilding
from .stock import jobs as _stock_jobs  # noqa: F401 - registers its work
from .stock.cli import stock_cli
from .tiers import demo as tiers_demo
from .tiers import jobs as _tier_jobs  # noqa: F401 - registers its work
from .tiers import member_acts as tiers_acts
from .tiers import merchant_pages as tier_pages
from .tiers import routes as tier_routes
from .tiers import shown as tiers
from .tiers.cli import tiers_cli
from .tiers.first_ladder import FIRST_LADDER
from .wallet import demo as wallet_demo
from .wallet import merchant_tabs as _wallet_tabs  # noqa: F401 - joins the member's page
from .wallet import prizes as wallet_prizes
from .wallet import routes as wallet
from .wallet import services as wallet_services
from .wallet import statements as wallet_statements
from .wallet.cli import wallet_cli


def connect() -> None:
    """Join the floor below, and the features to each other."""
    _follow_members()
    _follow_each_other()
    _show_and_export()


def _follow_members() -> None:
    member_enrolled.connect(ledger.open_account)
    member_enrolled.connect(circle_parked.await_identity)
    member_enrolled.connect(occasions.welcome)
    member_closing.connect(redemption.close_orders)  # what goes back is forfeited with the rest
    member_closing.connect(cancelling.close_of_member)
    member_closing.connect(ledger.forfeit)
    member_closing.connect(adjustments.withdraw_of_member)
    member_closing.connect(wallet_services.close)  # after the points, in the order of the locks
    member_closing.connect(coupons_ending.close_member)
    member_closing.connect(circle_personal.forget_member)
    member_closing.connect(recounting.forget_activity)


def _follow_each_other() -> None:
    rebuilding.blocked_members_from(blocks.blocked_members)
    blocked_members_changed.connect(blocking.follow)
    purchases_paid.connect(cash_half.pay_orders)
    purchases_paid.connect(shipping.report_sold)
    order_sent.connect(shipping.report_sent)
    paid_too_late.connect(cash_half.send_back)
    orders_cancelled.connect(cash_half.follow_cancelled)
    earning_replay.history_from(past_purchases)
    stock_audit.register("redemption", redemption_audit.findings)
    stock_audit.register("coupon_drops", drops_audit.findings)
    doctor.register("智慧商圈 · business circle", circle_check)
    add_step(FIRST_RULE)
    add_step(FIRST_LADDER)
    grant_kinds.register(COUPONS)
    message_kinds.register(COUPON_ENDING)
    grant_kinds.register(wallet_prizes.WALLET_BONUS)


def _show_and_export() -> None:
    profile.register("points", statements.balances)
    profile.register("balance_fen", wallet_statements.balance_fen)
    profile.register("tier", tiers.profile_tier)
    exports.register("points", statements.export_points)
    exports.register("adjustment_requests", adjustments.export_requests)
    exports.register("wallet", wallet_statements.export_wallet)
    exports.register("earning", earning_personal.export_awards)
    exports.register("tier", tiers.export_tier)
    exports.register("tier_history", tiers.export_growth)
    exports.register("purchases", purchase_personal.export_purchases)
    exports.register("redemptions", redemption_personal.export_orders)
    exports.register("till", till_personal.export_visits)
    exports.register("business_circle", circle_personal.export_circle)
    exports.register("coupons", coupons_personal.export_coupons)


MALL = Part(
    api=(
        points.blp,
        tier_routes.blp,
        wallet.blp,
        rewards.blp,
        rewards.goods,
        redemptions.blp,
        flash_sales.blp,
        purchases.blp,
        coupons.blp,
        coupon_drops.blp,
        business_circle.blp,
        at_till.codes,
        at_till.claims,
        pos.blp,
        tills.blp,
    ),
    pages=(
        reports_pages.blp,
        flash_sale_merchant.blp,
        catalogue_merchant.blp,
        till.blp,
        earning_pages.blp,
        tier_pages.blp,
        rewards.pictures,
        payment_notifications.blueprint,
        circle_notifications.blueprint,
        adjusting_pages.blp,
        explorer_pages.blp,
        coupons_acts.blp,
        tiers_acts.blp,
        order_pages.blp,
        pickup_pages.blp,
        shipment_pages.blp,
        purchase_pages.blp,
        notice_pages.blp,
    ),
    commands=(
        seed_command,
        ledger_cli.points_cli,
        ledger_cli.ledger_cli,
        tiers_cli,
        wallet_cli,
        earning_cli,
        purchases_cli,
        coupons_cli,
        offers_cli,
        rewards_cli,
        goods_cli,
        redemptions_cli,
        flash_sale_cli,
        circle_cli,
        tills_cli,
        stock_cli,
        reports_cli,
    ),
    seeds=(
        ("消费积分规则 · earning rule", earning_demo.seed),
        ("会员等级 · tiers", tiers_demo.seed),
        ("储值方案 · top-up plans", wallet_demo.seed),
        ("优惠券 · coupons", coupons_demo.seed),
        ("满减活动 · threshold offers", offers_demo.seed),
        ("整点抢券 · coupon drops", drops_demo.seed),  # before the wheels that promise them
        ("在售商品 · goods", goods_demo.seed),
        ("积分商品 · rewards", rewards_demo.seed),
        ("积分秒杀 · flash sales", flash_sale_demo.seed),
    ),
    connect=connect,
    entrances=(sales_door.ENTRANCE, drops_door.ENTRANCE),
)
