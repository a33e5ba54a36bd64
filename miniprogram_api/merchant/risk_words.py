"""Refusals in people's words: actions, verdicts, reasons, and the figures they rest on."""

from collections.abc import Mapping
from typing import Any

from miniprogram_api.pages.shell import say

ACTIONS = {"enrol": ("注册", "Joining"), "referral": ("邀请奖励", "Reward for an invitation")}
VERDICTS = {
    "challenge": ("需验证", "Challenge", "orange"),
    "quiet": ("静默限制", "Quiet", "purple"),
    "deny": ("拒绝", "Deny", "red"),
}
KINDS = {
    "member": ("会员", "Member"),
    "address": ("网络地址", "Network address"),
    "device": ("设备", "Device"),
    "person": ("微信用户", "WeChat user"),
}
_REASONS = {
    "member_blocked": ("会员在封禁名单", "The member is on the block list"),
    "address_blocked": ("网络地址在封禁名单", "The address is on the block list"),
    "device_blocked": ("设备在封禁名单", "The device is on the block list"),
    "members_per_device": ("同一设备今日登录人数过多", "Too many people on one device today"),
    "members_per_address": ("同一网络今日登录人数过多", "Many people from one address today"),
    "friends_per_inviter": ("今日邀请人数过多", "Too many friends invited today"),
    "young_account": ("账号很新", "The account is young"),
    "wechat_rank_unknown": ("微信没有该用户的风险信息", "WeChat knows nothing of the user"),
    "not_counted": ("有数据未能统计", "A figure could not be had"),
}
_FIGURES = {
    "rank": ("微信风险等级（0–4）", "WeChat's risk rank (0–4)"),
    "account_age": ("账号年龄（秒）", "Age of the account (seconds)"),
    "members_per_device": ("该设备今日人数", "People on this device today"),
    "members_per_address": ("该网络今日人数", "People from this address today"),
    "friends_per_inviter": ("今日邀请人数", "Friends invited today"),
    "blocked": ("命中的封禁", "Blocks that hit"),
}


def reason(code: str) -> str:
    """A reason as people say it."""
    if code.startswith("wechat_rank_") and code[-1].isdigit():
        return say(f"微信风险等级 {code[-1]}", f"WeChat risk rank {code[-1]}")
    return say(*_REASONS[code]) if code in _REASONS else code


def action(code: str) -> str:
    """What somebody wanted to do."""
    return say(*ACTIONS[code]) if code in ACTIONS else code


def figures(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was known of the caller, by name."""
    return [(_named(name), _shown(value)) for name, value in inputs.items()]


def _named(name: str) -> str:
    return say(*_FIGURES[name]) if name in _FIGURES else name


def _shown(value: Any) -> str:
    if value is None:
        return say("未知", "not known")
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return f"{value:,}" if isinstance(value, int) else str(value)
