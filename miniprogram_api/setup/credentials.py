"""WeChat's credentials, tried at WeChat itself before they are kept; what it refuses, in plain words."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from flask import current_app

from miniprogram_api.core.settings import SettingsError, settings
from miniprogram_api.doctor import Ailing, Words, ask_wechat_pay
from miniprogram_api.wechat.client import MiniClient
from miniprogram_api.wechat.errors import WeChatError, WeChatMisconfigured
from miniprogram_api.wechat.extension import pay_client


@dataclass(frozen=True)
class Trouble:
    """What WeChat does not take, by the field that it is about, and what mends it."""

    field: str
    words: Words


_OF_PROGRAM: dict[int, tuple[str, Words]] = {
    40013: (
        "wx_appid",
        Words(
            "微信不认识这个 AppID。请到小程序后台「开发管理 → 开发设置」复制。",
            "WeChat does not know this AppID. Copy it from the mini-program's console, Development settings.",
        ),
    ),
    40125: (
        "wx_secret",
        Words(
            "AppSecret 不对。忘记了可以在小程序后台重置，重置后旧的立即失效。",
            "The AppSecret is wrong. If it is lost, reset it in the console: the old one ends at once.",
        ),
    ),
    40164: (
        "wx_secret",
        Words(
            "这台服务器的 IP 不在白名单里。请到「开发设置 → IP 白名单」加入它，几分钟后再试。",
            "This server's address is not on the list. Add it in Development settings, IP list,"
            " and try again in a few minutes.",
        ),
    ),
    48001: (
        "wx_appid",
        Words(
            "这个小程序没有相应的接口权限。请确认它已完成注册并且没有被限制。",
            "This mini-program may not use the interface. See that it is registered and not restricted.",
        ),
    ),
}
_OF_PROGRAM[40001] = _OF_PROGRAM[40125]
_OF_PROGRAM[41002] = _OF_PROGRAM[40013]
_OF_PROGRAM[41004] = _OF_PROGRAM[40125]

_AWAY = Words(
    "暂时连不上微信。请检查这台服务器能否访问外网（api.weixin.qq.com，443 端口），然后再试；也可以先跳过。",
    "WeChat cannot be reached. See that this server may call out (api.weixin.qq.com, port 443), then try"
    " again; or go on without.",
)


def try_program(appid: str, secret: str) -> Trouble | None:
    """Fetch a token as this mini-program; None: WeChat gave one."""
    client = MiniClient(appid, secret, base_url=settings().wx_open_base)
    try:
        client.access_token  # noqa: B018 - asking for it is the trial
    except WeChatError as error:
        field, words = _OF_PROGRAM.get(error.errcode or 0, ("", _AWAY))
        if not field and isinstance(error, WeChatMisconfigured):
            words = Words(f"微信拒绝：{error}", f"WeChat refuses: {error}")
        return Trouble(field, words)
    return None


@dataclass(frozen=True)
class Merchant:
    """What a merchant has from WeChat Pay; keys as PEM."""

    mchid: str
    serial: str
    apiv3_key: str
    key: str
    pubkey_id: str
    pubkey: str
    notify_url: str


def try_merchant(appid: str, merchant: Merchant) -> Trouble | None:
    """Ask WeChat Pay something as this merchant; None: it believes us."""
    with tempfile.TemporaryDirectory() as folder:
        key, pubkey = Path(folder) / "key.pem", Path(folder) / "pubkey.pem"
        key.write_text(merchant.key, encoding="ascii", errors="replace")
        pubkey.write_text(merchant.pubkey, encoding="ascii", errors="replace")
        tried = replace(
            settings(),
            wx_appid=appid,
            wxpay_mchid=merchant.mchid,
            wxpay_serial=merchant.serial,
            wxpay_apiv3_key=merchant.apiv3_key,
            wxpay_key_file=str(key),
            wxpay_pubkey_id=merchant.pubkey_id,
            wxpay_pubkey_file=str(pubkey) if merchant.pubkey else "",
            wxpay_notify_url=merchant.notify_url,
        )
        try:
            ask_wechat_pay(pay_client(Path(current_app.instance_path), tried))
        except SettingsError as error:
            return _of_setting(error)
        except Ailing as ailing:
            return Trouble("wxpay_serial", ailing.remedy)
        except WeChatError:
            return Trouble("", _AWAY)
    return None


_OF_MERCHANT = {
    "WXPAY_KEY_FILE": Words(
        "读不出这个私钥。请粘贴 apiclient_key.pem 的全部内容，从 BEGIN 行到 END 行。",
        "This private key cannot be read. Paste the whole of apiclient_key.pem, from BEGIN to END.",
    ),
    "WXPAY_PUBKEY_FILE": Words(
        "公钥 ID 和公钥要一起填写，或者都不填。公钥是 pub_key.pem 的全部内容。",
        "The id and the public key come together, or not at all. The key is the whole of pub_key.pem.",
    ),
    "WXPAY_PUBKEY_ID": Words("写法是 PUB_KEY_ID_…", "It reads PUB_KEY_ID_…"),
    "WXPAY_MCHID": Words("商户号是 8 到 32 位数字。", "A merchant number is 8 to 32 digits."),
    "WXPAY_SERIAL": Words(
        "证书序列号是 16 到 40 位十六进制字符。", "A serial number is 16 to 40 hexadecimal digits."
    ),
    "WXPAY_APIV3_KEY": Words("APIv3 密钥是 32 个字符。", "An APIv3 key has 32 characters."),
    "WXPAY_NOTIFY_URL": Words(
        "填写本店在互联网上的地址，https:// 开头，不带参数。",
        "Give this shop's address on the internet, https://…, without a query.",
    ),
}
_FIELD = {"WXPAY_KEY_FILE": "wxpay_key", "WXPAY_PUBKEY_FILE": "wxpay_pubkey"}


def _of_setting(error: SettingsError) -> Trouble:
    name = str(error).split(" ", 1)[0]
    words = _OF_MERCHANT.get(name, Words(f"不能使用：{error}", f"Cannot be used: {error}"))
    return Trouble(_FIELD.get(name, name.lower()), words)
