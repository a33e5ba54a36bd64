"""How we speak with WeChat: the mini-program, WeChat Pay, the business circle."""

from dataclasses import dataclass

from .setting import setting


@dataclass(frozen=True)
class WeChatSettings:
    """How we speak with WeChat: the mini-program, WeChat Pay, the business circle."""

    # WeChat
    wx_appid: str = setting("", "the mini-program's AppID")
    wx_secret: str = setting("", "the mini-program's AppSecret", secret=True)
    wx_open_base: str = setting(
        "https://api.weixin.qq.com", "the open platform; the simulator's address in a demo"
    )
    wx_push_token: str = setting("", "Token of the message push", secret=True)
    wx_push_aes_key: str = setting(
        "", "EncodingAESKey of the message push, 43 characters", secret=True
    )
    wechat_identity: str = setting(
        "code", "code: wx.login codes; cloud_run: the headers of WeChat Cloud Run (微信云托管)"
    )

    # WeChat Pay
    wxpay_mchid: str = setting("", "the merchant number; empty: nothing is paid with WeChat Pay")
    wxpay_serial: str = setting("", "serial number of the merchant certificate, in hexadecimal")
    wxpay_key_file: str = setting("", "path of the merchant's private key, apiclient_key.pem")
    wxpay_apiv3_key: str = setting("", "the APIv3 key, 32 characters", secret=True)
    wxpay_pubkey_id: str = setting(
        "", "id of WeChat Pay's public key, PUB_KEY_ID_…; empty: an old merchant's certificates"
    )
    wxpay_pubkey_file: str = setting("", "path of WeChat Pay's public key, pub_key.pem")
    wxpay_base: str = setting(
        "https://api.mch.weixin.qq.com", "WeChat Pay; the simulator's address in a demo"
    )
    wxpay_notify_url: str = setting(
        "", "this shop's address on the internet, https://…; WeChat Pay notifies paths below it"
    )

    # Business circle (智慧商圈)
    business_circle_enabled: bool = setting(
        default=False,
        meaning="purchases in a mall earn points by WeChat Pay's notices (needs WXPAY_MCHID)",
    )
    business_circle_brand_id: int = setting(0, "the mall's brand id, for parking and claims")
    business_circle_parked_days: int = setting(
        30, "how old a purchase may be that somebody made before becoming a member", "days"
    )
    business_circle_check_hours: int = setting(
        24, "how often WeChat is asked whether an authorisation still stands", "hours"
    )
