"""What those who work in the shop are refused."""

from miniprogram_api.core.errors import (
    Conflict,
    Forbidden,
    NotFound,
    SlowDown,
    Unauthorized,
    Unprocessable,
)


class SignInRefused(Unauthorized):
    """User name, password or one-time code is wrong; which one is not told."""

    code = "sign_in_refused"
    title_zh = "用户名、密码或动态码不正确"
    title_en = "Wrong user name, password or one-time code"


class OtpRequired(Unauthorized):
    """The password is right; the account has a second factor, and its code is missing."""

    code = "otp_required"
    title_zh = "请输入动态码"
    title_en = "A one-time code is needed"


class StaffLocked(SlowDown):
    """Too many wrong sign-ins in a row; waiting, or a manager, opens it again."""

    code = "staff_locked"
    title_zh = "尝试次数过多，账号已暂时锁定"
    title_en = "Too many attempts, the account is locked for a while"


class SessionLocked(Forbidden):
    """The till's page stood idle: the PIN, or the password, of who is signed in opens it again."""

    code = "session_locked"
    title_zh = "收银台已锁定，请输入 PIN 或密码"
    title_en = "The till is locked, enter your PIN or password"


class RoleTooLow(Forbidden):
    """The caller's role may not do this; `required` and `yours` are roles."""

    code = "role_too_low"
    title_zh = "没有权限"
    title_en = "Your role may not do this"


class SecondFactorNeeded(Forbidden):
    """This role must set up a second factor before it may do anything else."""

    code = "second_factor_needed"
    title_zh = "请先启用动态码"
    title_en = "Set up your second factor first"


class CsrfRefused(Forbidden):
    """A page's own proof is missing from a call that came with its cookie."""

    code = "csrf_refused"
    title_zh = "页面已过期，请刷新"
    title_en = "This page is out of date, reload it"


class UsernameTaken(Conflict):
    """Somebody has this user name."""

    code = "username_taken"
    title_zh = "用户名已被使用"
    title_en = "This user name is taken"


class NoSuchStaff(NotFound):
    """Nobody has this user name."""

    code = "no_such_staff"
    title_zh = "没有这位员工"
    title_en = "No such member of staff"


class PasswordTooWeak(Unprocessable):
    """The password is too short, too common, or like the user name."""

    code = "password_too_weak"
    title_zh = "密码太弱"
    title_en = "This password is too weak"


class PinTooWeak(Unprocessable):
    """A PIN is six digits, no run of them and none that repeat."""

    code = "pin_too_weak"
    title_zh = "PIN 须为六位数字，且不能是连号或重复的数字"
    title_en = "Six digits, no run and no repeats"


class UsernameNotAllowed(Unprocessable):
    """A user name is 2 to 32 of the letters a to z, digits, dot, dash and underscore."""

    code = "username_not_allowed"
    title_zh = "用户名格式不正确"
    title_en = "This cannot be a user name"


class LastOwner(Conflict):
    """Somebody must remain who may do everything."""

    code = "last_owner"
    title_zh = "至少要保留一位老板"
    title_en = "At least one owner must remain"
