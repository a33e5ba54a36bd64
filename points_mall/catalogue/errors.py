"""What the catalogue refuses."""

from miniprogram_api.core.errors import NotFound, Unprocessable


class NoSuchReward(NotFound):
    """There is no such reward, or it is not in the catalogue any more."""

    code = "no_such_reward"
    title_zh = "商品不存在或已下架"
    title_en = "There is no such reward"


class ChooseVariant(Unprocessable):
    """The reward has several variants, and the one asked for is none of them."""

    code = "choose_variant"
    title_zh = "请选择规格"
    title_en = "Choose one of its variants"


class NoSuchProduct(NotFound):
    """There is no such product, or it is not sold any more."""

    code = "no_such_product"
    title_zh = "商品不存在或已下架"
    title_en = "There is no such product"


class GoodsNotValid(Unprocessable):
    """The goods as they were written down cannot be sold."""

    code = "goods_not_valid"
    title_zh = "商品设置有误"
    title_en = "Not goods that can be sold"


class RewardNotValid(Unprocessable):
    """The reward as it was written down cannot be offered."""

    code = "reward_not_valid"
    title_zh = "商品设置有误"
    title_en = "Not a reward that can be offered"


class PictureRefused(Unprocessable):
    """The file is no picture that can be shown; the detail says why."""

    code = "picture_refused"
    title_zh = "无法使用这张图片：须为 1 MB 以内的 PNG、JPEG 或 WebP"
    title_en = "Not a picture that can be used: PNG, JPEG or WebP of at most 1 MB"


class NoSuchPicture(NotFound):
    """There is no such picture."""

    code = "no_such_picture"
    title_zh = "图片不存在"
    title_en = "There is no such picture"
