"""签到规则 · the merchant's pages of the check-in rule (`/admin/check-in`)."""

from flask import Blueprint

from miniprogram_api.merchant.navigation import PLAY, Door, add_door
from miniprogram_api.merchant.version_pages import rule_pages

from .merchant_editing import CHECKIN_RULE

blp = Blueprint("checkin_merchant", __name__, template_folder="templates")
rule_pages(blp, CHECKIN_RULE)

add_door(Door("/admin/check-in", "签到规则", "Check-in", "calendar-check", PLAY, rank=10))
