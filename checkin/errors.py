"""What check-in refuses."""

from miniprogram_api.core.errors import Conflict, Unprocessable


class AlreadyCheckedIn(Conflict):
    """The member has checked in on that day; a day counts once."""

    code = "already_checked_in"
    title_zh = "这一天已经签到过了"
    title_en = "Already checked in on this day"


class DateNotAllowed(Unprocessable):
    """That day cannot be made up: today, the future, or too long ago."""

    code = "date_not_allowed"
    title_zh = "这一天不能补签"
    title_en = "This day cannot be made up"


class NoMakeUpsLeft(Conflict):
    """The make-ups of this month are used up, or only a card pays and there is none."""

    code = "no_make_ups_left"
    title_zh = "补签机会已用完"
    title_en = "No make-ups left"


class RuleNotAllowed(Unprocessable):
    """A check-in rule does not fit together, or would change the past."""

    code = "checkin_rule_not_allowed"
    title_zh = "签到规则有误"
    title_en = "Not a valid check-in rule"


class RuleJustChanged(Conflict):
    """Somebody else saved a check-in rule at the same moment; look again."""

    code = "checkin_rule_just_changed"
    title_zh = "签到规则刚被修改，请重试"
    title_en = "The check-in rule was changed just now"
