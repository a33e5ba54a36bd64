"""How the audit calls acts and what they were done to; features name their own."""

from dataclasses import dataclass

from miniprogram_api.pages.shell import say


@dataclass(frozen=True)
class Subject:
    """A kind of thing that acts are done to.

    :param address: its page, with `{}` for the number; empty: it has none.
    """

    zh: str
    en: str
    address: str = ""


_acts: dict[str, tuple[str, str]] = {}
_subjects: dict[str, Subject] = {}


def name_acts(names: dict[str, tuple[str, str]]) -> None:
    """Say what acts are called, by code, in Chinese and English; a repeat changes nothing."""
    _acts.update(names)


def name_subject(kind: str, zh: str, en: str, address: str = "") -> None:
    """Say what a kind of subject is called, and where its page is; a repeat changes nothing."""
    _subjects[kind] = Subject(zh, en, address)


def act_name(code: str) -> str:
    """An act in the reader's words; one without a name is its code."""
    return say(*_acts[code]) if code in _acts else code


def subject_name(subject: str) -> str:
    """A subject in the reader's words: 订单 R1A2…"""
    kind, _, number = subject.partition(":")
    known = _subjects.get(kind)
    return f"{say(known.zh, known.en)} {number}" if known and number else subject


def subject_address(subject: str) -> str:
    """The page of a subject; empty: it has none."""
    kind, _, number = subject.partition(":")
    known = _subjects.get(kind)
    return known.address.format(number) if known and number else ""


def subjects_meant(text: str) -> list[str]:
    """The subjects that somebody may mean by a number, or by a whole subject."""
    return [text] if ":" in text else [f"{kind}:{text}" for kind in _subjects]


name_acts(
    {
        "staff.add": ("新增员工", "Account opened"),
        "staff.change": ("修改员工", "Account changed"),
        "staff.set_password": ("重设密码", "New password"),
        "staff.set_pin": ("设置 PIN", "PIN set"),
        "staff.unlock_session": ("解锁收银台页面", "Till's page unlocked"),
        "staff.unlock": ("解除锁定", "Account unlocked"),
        "staff.locked": ("账号锁定", "Account locked"),
        "staff.leave": ("员工离职", "Left the shop"),
        "staff.sign_in": ("登录", "Signed in"),
        "staff.end_session": ("结束会话", "Session ended"),
        "staff.second_factor_on": ("启用动态码", "Second factor on"),
        "staff.second_factor_off": ("关闭动态码", "Second factor off"),
        "staff.own_account": ("登记员工会员号", "Own account noted"),
        "jobs.retry": ("重试任务", "Job retried"),
        "jobs.retry_all": ("重试同类任务", "Jobs retried"),
        "jobs.bury": ("搁置任务", "Job buried"),
        "risk.lift": ("放行", "Refusal lifted"),
        "risk.block": ("封禁", "Blocked"),
        "risk.unblock": ("解封", "Unblocked"),
        "member.block": ("封禁会员", "Member blocked"),
        "member.unblock": ("解封会员", "Member unblocked"),
        "member.export": ("导出个人数据", "Personal data exported"),
        "member.export_list": ("导出会员名单", "List of members exported"),
        "member.erase": ("注销会员", "Account closed"),
    }
)
name_subject("member", "会员", "Member", "/admin/members/{}")
name_subject("job", "任务", "Job", "/admin/jobs/{}")
name_subject("decision", "风控决定", "Decision", "/admin/risk/{}")
