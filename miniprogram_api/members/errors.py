"""What is refused to a member about the account."""

from miniprogram_api.core.errors import Conflict, Gone, Unprocessable


class AccountClosed(Gone):
    """The account was closed while this call was under way."""

    code = "account_closed"
    title_zh = "账号已注销"
    title_en = "This account is closed"


class PhoneTaken(Conflict):
    """Another open account has this phone number."""

    code = "phone_taken"
    title_zh = "该手机号已绑定其他账号"
    title_en = "This phone number belongs to another account"


class NicknameNotAllowed(Unprocessable):
    """WeChat's content check says that this nickname is not fit to be shown."""

    code = "nickname_not_allowed"
    title_zh = "昵称不符合规范，请换一个"
    title_en = "This nickname is not allowed"


class BirthdayNotAllowed(Unprocessable):
    """The birthday lies in the future, or too far in the past to be one."""

    code = "birthday_not_allowed"
    title_zh = "生日不正确"
    title_en = "This cannot be a birthday"


class GuardianConsentNeeded(Unprocessable):
    """A child's account needs the guardian's consent first."""

    code = "guardian_consent_needed"
    title_zh = "未成年人需要监护人同意"
    title_en = "The guardian has to agree first"


class UnknownDocument(Unprocessable):
    """There is no such document to agree to."""

    code = "unknown_document"
    title_zh = "协议不存在"
    title_en = "There is no such document"


class DocumentOutdated(Conflict):
    """A newer version is in force; show that one and ask again."""

    code = "document_outdated"
    title_zh = "协议已更新，请重新阅读"
    title_en = "A newer version of this document is in force"


class WalletNotEmpty(Conflict):
    """The account cannot be closed while money of the member's own is in the wallet."""

    code = "wallet_not_empty"
    title_zh = "钱包中还有储值本金，请先联系商家退还"
    title_en = "There is still money of yours in the wallet; ask the shop to pay it back first"

    def __init__(self, principal_fen: int) -> None:
        super().__init__(
            f"{principal_fen} fen that the member paid in are still there",
            principal_fen=principal_fen,
        )
