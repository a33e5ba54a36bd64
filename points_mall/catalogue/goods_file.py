"""The form of goods in a file: what the merchant writes, checked field by field."""

from typing import Any

from marshmallow import fields, validate

from miniprogram_api.http.schemas import Fen, Integer, Schema, Text, Token, YesNo

from .goods import Goods

SKU_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,31}$"
CATEGORY_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
MOST_GOODS = 5000


class ProductFileSchema(Schema):
    """A product, whole."""

    sku = Token(SKU_PATTERN, required=True)
    title = Text(64, required=True)
    category = Token(CATEGORY_PATTERN, required=True)
    price_fen = Fen(required=True)
    picture = Text(512, 0, load_default="")
    position = Integer(0, 1_000_000_000, load_default=0)
    is_listed = YesNo(load_default=True)


class GoodsFileSchema(Schema):
    """Goods, any number of them."""

    goods = fields.List(
        fields.Nested(ProductFileSchema),
        required=True,
        validate=validate.Length(1, MOST_GOODS),
    )


def read(given: Any) -> list[Goods]:
    """The goods that a file spells.

    :raises ValidationError: a field has not the form that it must have.
    """
    loaded: dict[str, Any] = GoodsFileSchema().load(given)
    return [Goods(**one) for one in loaded["goods"]]
