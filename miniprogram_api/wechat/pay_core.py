"""wechatpayv3's core, cured: our transport, a guard before each verification, a lasting store.

The library signs, verifies and decrypts. By itself it knows no replay, fetches certificates for
whoever presents an unknown serial, and is left with none when that fails.
"""

import copy
import json
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from cryptography.x509 import Certificate
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from miniprogram_api.core.clock import true_time
from miniprogram_api.core.log import log

from .errors import WeChatNonsense, WeChatUnavailable
from .transport import WECHAT_PAY

WINDOW_SECONDS = 300  # as WeChat's own libraries have it, for answers and notifications alike
REFRESH_SECONDS = 600  # between two downloads of certificates, whoever presents what serial
EMPTY_REFRESH_SECONDS = 15  # while there is none at all, and only for calls of our own
WAIT_SECONDS = 2  # for another thread's download; strangers must not keep all threads waiting

SCHEME = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"
SIGNED_WITH = ("Timestamp", "Nonce", "Serial", "Signature", "Signature-Type")

_SERIAL = re.compile(r"[0-9A-Fa-f]{16,40}")
_STAMP = re.compile(r"[0-9]{1,12}")
_log = log(__name__)


@dataclass(frozen=True, repr=False)
class PayKeys:
    """What a merchant has from WeChat Pay; keys as PEM.

    With a public key, WeChat signs with it; without one, with platform certificates, which are
    downloaded. While WeChat moves a merchant from these to that, both are met and both are taken.
    """

    mchid: str
    serial: str
    private_key: str
    apiv3_key: str
    public_key_id: str | None = None
    public_key: str | None = None


class Headers(Protocol):
    """The headers of a request or an answer, of whichever library."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Each header's name, in any case, and value."""


class GuardedCore(Core):  # type: ignore[misc]  # wechatpayv3 has no types
    """wechatpayv3's core. Any number of threads may use one.

    :raises Exception: a key cannot be read; the library has no narrower error.
    """

    _certificates: list[Certificate]  # replaced whole, so readers need no lock

    def __init__(self, keys: PayKeys, session: requests.Session) -> None:
        self._session = session
        self._refresh_turn = threading.Lock()
        self._refreshed_at = float("-inf")
        super().__init__(
            mchid=keys.mchid,
            cert_serial_no=keys.serial,
            private_key=keys.private_key,
            apiv3_key=keys.apiv3_key,
            public_key=keys.public_key,
            public_key_id=keys.public_key_id,
        )

    def exchange(
        self, path: str, method: RequestType, body: Mapping[str, Any] | None
    ) -> requests.Response:
        """Ask, and give back an answer that is provably WeChat's, or no success.

        :raises WeChatNonsense: a success is not signed as it should be. WeChat has acted.
        :raises WeChatUnavailable: there is nothing to verify an answer with, so nothing was asked.
        """
        if not self._public_key_id and not self._certificates:
            self._refresh(EMPTY_REFRESH_SECONDS)
            if not self._certificates:
                raise WeChatUnavailable("no platform certificate", retry_after_seconds=15)
        response = self._send(path, method, body)
        if 200 <= response.status_code < 300 and not self._verify_signature(
            response.headers, _text(response)
        ):
            raise WeChatNonsense("the answer's signature is wrong", retry_after_seconds=2)
        return response

    def _send(
        self, path: str, method: RequestType, body: Mapping[str, Any] | None
    ) -> requests.Response:
        """One exchange over the wire.

        The body is written once, and the path that is signed is the one that really goes out: the
        library signs one spelling of an empty body or a Chinese letter and sends another.
        """
        content = "" if body is None else json.dumps(body, ensure_ascii=False)
        content = content.encode("utf-8", "replace").decode()  # a lone surrogate has no UTF-8
        headers = {"Accept": "application/json", "User-Agent": "points-mall"}
        if content:
            headers["Content-Type"] = "application/json"
        if self._public_key_id:
            headers["Wechatpay-Serial"] = self._public_key_id
        asked = self._session.prepare_request(
            requests.Request(method.value, WECHAT_PAY + path, headers, data=content.encode())
        )
        asked.headers["Authorization"] = build_authorization(
            asked.path_url,
            method.value,
            self._mchid,
            self._cert_serial_no,
            self._private_key,
            data=content,
        )
        return self._session.send(asked, allow_redirects=False)

    # What the library calls, in our way

    def request(self, path: str, **_: object) -> tuple[int, str]:
        """How the library asks for certificates: unverified, for it decrypts what comes."""
        response = self._send(path, RequestType.GET, None)
        return response.status_code, _text(response)

    def _init_certificates(self) -> None:
        """None are downloaded before they are needed: the shop starts while WeChat is away."""

    def _update_certificates(self) -> None:
        """The library has met an unknown serial, which anybody may send."""
        self._refresh(REFRESH_SECONDS)

    def _verify_signature(self, headers: Headers, body: str) -> bool:
        """Whether WeChat has signed this, within the window, with a key that we know."""
        given = _signature_headers(headers)
        objection = self._objection(given)
        if objection is None and super()._verify_signature(given, body):
            return True
        _log.warning("wechat_pay_signature_refused", reason=objection or "wrong signature")
        return False

    def _objection(self, given: Mapping[str, str]) -> str | None:
        """What speaks against a signature before it is computed; None: nothing does."""
        stamp, signature = given["Wechatpay-Timestamp"], given["Wechatpay-Signature"]
        if given["Wechatpay-Signature-Type"] != SCHEME:
            return "unknown scheme"
        if (
            not _STAMP.fullmatch(stamp)
            or abs(true_time().timestamp() - int(stamp)) >= WINDOW_SECONDS
        ):
            return "outside the window"
        if not given["Wechatpay-Nonce"] or not signature:
            return "not signed"
        if signature.startswith(PROBE):
            return "a probe of WeChat's"
        return self._objection_to_serial(given["Wechatpay-Serial"])

    def _objection_to_serial(self, serial: str) -> str | None:
        if self._public_key_id and serial == self._public_key_id:
            return None
        if not _SERIAL.fullmatch(serial):
            return "no serial"
        is_over = any(
            certificate.serial_number == int(serial, 16)
            and certificate.not_valid_after_utc < true_time()
            for certificate in self._certificates
        )
        return "expired certificate" if is_over else None

    def _refresh(self, every_seconds: float) -> None:
        """Download the certificates, unless that was tried just now."""
        if not self._refresh_turn.acquire(timeout=WAIT_SECONDS):
            return
        try:
            if time.monotonic() - self._refreshed_at >= every_seconds:
                self._refreshed_at = time.monotonic()
                self._certificates = self._downloaded() or self._certificates
        finally:
            self._refresh_turn.release()

    def _downloaded(self) -> list[Certificate]:
        """The certificates as WeChat gives them now; none where that fails.

        The library empties the list that it fills: it gets one of its own, and other threads read
        ours until the new one is whole.
        """
        basket = copy.copy(self)
        basket._certificates = []  # noqa: SLF001 - our own copy
        try:
            super(GuardedCore, basket)._update_certificates()
        except Exception as error:  # noqa: BLE001 - the library and the answer may do anything
            _log.warning("wechat_pay_certificates_failed", error=type(error).__name__)
        return basket._certificates  # noqa: SLF001


def _signature_headers(headers: Headers) -> dict[str, str]:
    """The headers of a signature under the names that the library reads, and no others.

    The type may be missing: WeChat documents four headers, and its own libraries take the scheme
    for granted.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    given = {
        f"Wechatpay-{name}": lowered.get(f"wechatpay-{name.lower()}", "") for name in SIGNED_WITH
    }
    given["Wechatpay-Signature-Type"] = given["Wechatpay-Signature-Type"] or SCHEME
    return given


def _text(response: requests.Response) -> str:
    try:
        return response.content.decode()
    except UnicodeDecodeError:
        raise WeChatNonsense("the answer is no UTF-8") from None
