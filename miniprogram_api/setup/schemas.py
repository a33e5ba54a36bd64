"""The forms of the set-up, before there is an owner."""

from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validate

from miniprogram_api.http.schemas import Schema, Text, Token


def _known_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("Not a time zone: Asia/Shanghai.")


class ShopSchema(Schema):
    """What the shop is called, and by which midnights its days are divided."""

    shop_name = Text(32, required=True)
    shop_time_zone = fields.String(required=True, validate=_known_zone)


class ProgramSchema(Schema):
    """The mini-program's own."""

    wx_appid = Token("^wx[0-9A-Za-z]{8,30}$", required=True)
    wx_secret = Token("^[\x20-\x7e]{8,64}$", required=True)


class MerchantSchema(Schema):
    """What a merchant has from WeChat Pay."""

    wxpay_mchid = Token("^[0-9]{8,32}$", required=True)
    wxpay_serial = Token("^[0-9A-Fa-f]{16,40}$", required=True)
    wxpay_apiv3_key = Token("^[\x21-\x7e]{32}$", required=True)
    wxpay_key = fields.String(required=True, validate=validate.Length(1, 10_000))
    wxpay_pubkey_id = Token("^PUB_KEY_ID_[0-9A-Za-z]+$", load_default="")
    wxpay_pubkey = fields.String(load_default="", validate=validate.Length(max=10_000))
    wxpay_notify_url = Token("^https?://[^ ?#]{1,200}$", required=True)


class OwnerSchema(Schema):
    """The first who may do everything."""

    name = Text(32, required=True)
    username = Text(32, required=True)
