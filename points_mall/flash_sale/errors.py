"""What flash sales refuse, beyond what the stock and the ledger refuse."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class NoSuchSale(NotFound):
    """There is no such flash sale."""

    code = "no_such_flash_sale"
    title_zh = "活动不存在"
    title_en = "There is no such flash sale"


class NoSuchItem(NotFound):
    """The sale does not offer this item; another one may, or it was changed before the sale opened."""

    code = "no_such_item"
    title_zh = "活动中没有该商品"
    title_en = "The sale has no such item"


class SaleOver(Conflict):
    """The sale has ended or was closed; nothing of it is changed any more."""

    code = "flash_sale_over"
    title_zh = "活动已结束，不能再修改"
    title_en = "The flash sale is over"


class ItemsStay(Conflict):
    """The sale has opened: what it offers, and for how much, stays; its stock can still be changed."""

    code = "flash_sale_items_stay"
    title_zh = "已经开抢：商品、价格与限购不能再改"
    title_en = "The sale has opened: its items and prices stay"


class SaleNotValid(Unprocessable):
    """The sale as it was written down cannot be held."""

    code = "flash_sale_not_valid"
    title_zh = "活动设置有误"
    title_en = "Not a flash sale that can be held"
