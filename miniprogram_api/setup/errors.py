"""What the set-up refuses."""

from miniprogram_api.core.errors import Conflict, NotFound, Unprocessable


class SetupClosed(NotFound):
    """The link of the set-up is unknown, over or used up, or the shop has an owner already."""

    code = "setup_closed"
    title_zh = "开店链接无效或已失效"
    title_en = "This set-up link is not valid, or no longer"


class AlreadySetUp(Conflict):
    """The shop has staff: an owner signs in, and no link is given."""

    code = "already_set_up"
    title_zh = "店铺已经开好，请由老板登录"
    title_en = "The shop is set up: its owner signs in"


class NoSuchStep(NotFound):
    """No feature brings this step of the set-up."""

    code = "no_such_step"
    title_zh = "没有这一步"
    title_en = "No such step"


class AlreadyPublished(Conflict):
    """The first rule of this kind was published before; its own page changes it."""

    code = "already_published"
    title_zh = "首个规则已经发布，请到规则页面修改"
    title_en = "The first rule is published: change it on its own page"


class ConfigNotWritable(Unprocessable):
    """The settings cannot be written to the instance folder; the environment can give them instead."""

    code = "config_not_writable"
    title_zh = "无法写入 instance/config.py，请改用环境变量"
    title_en = "instance/config.py cannot be written: give the settings in the environment"
