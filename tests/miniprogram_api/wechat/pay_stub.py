"""WeChat Pay by its documentation alone, strict on signatures; shares no code with our client."""

import base64
import contextlib
import json
import os
import re
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

MCHID, APPID, APIV3_KEY = "1900000001", "wx0000000000000001", "0123456789abcdef0123456789abcdef"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000000012025010100000000000001"
SCHEME = "WECHATPAY2-SHA256-RSA2048"


def new_serial() -> str:
    return "5B" + os.urandom(19).hex().upper()


@dataclass
class Certificate:
    """A platform certificate and its key."""

    valid_days: int = 1800
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    serial: str = field(default_factory=new_serial)

    @property
    def pem(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com")])
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(int(self.serial, 16))
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=self.valid_days))
            .sign(self.key, hashes.SHA256())
        )
        return built.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True)
class Keys:
    """The merchant's key, WeChat Pay's public key, and a platform certificate."""

    merchant: rsa.RSAPrivateKey
    merchant_serial: str
    wechat: rsa.RSAPrivateKey
    certificate: Certificate

    @classmethod
    def new(cls) -> "Keys":
        pair = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
        return cls(pair[0], "3A" + os.urandom(19).hex().upper(), pair[1], Certificate())

    @property
    def merchant_pem(self) -> str:
        return self.merchant.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public_pem(self) -> str:
        return (
            self.wechat.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )


def signed(key: rsa.RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def encrypted(plain: str, associated: str, key: str = APIV3_KEY) -> dict[str, str]:
    nonce = secrets.token_hex(6)
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plain.encode(), associated.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": associated,
        "ciphertext": base64.b64encode(sealed).decode(),
    }


@dataclass
class Asked:
    """One request that came, its signature in order."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class PayStub:
    """What the other end knows, and how it behaves."""

    keys: Keys
    url: str = ""
    signs_with: str = "public_key"  # or "certificate"
    certificates: list[Certificate] = field(default_factory=list)
    fails_certificates: bool = False
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    probes_answers: bool = False
    answers_late_seconds: float = 0.0
    stamp_offset_seconds: int = 0
    drops_connection: bool = False
    leaves_out_scheme: bool = False

    def answer(self, path: str, body: Any, status: int = 200) -> None:
        """What is answered on `path`, whatever its query."""
        self.answers[path] = (status, body)

    def refuse(self, path: str, status: int, code: str) -> None:
        self.answer(path, {"code": code, "message": "说明"}, status)

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    def signature_headers(self, body: str, **changed: Any) -> dict[str, str]:
        """What WeChat puts on an answer or a notification with this body."""
        certificate = changed.get("certificate")
        key, serial = self.keys.wechat, PUBLIC_KEY_ID
        if certificate or self.signs_with == "certificate":
            certificate = certificate or self.keys.certificate
            key, serial = certificate.key, certificate.serial
        stamp = str(int(time.time()) + changed.get("offset_seconds", self.stamp_offset_seconds))
        nonce = secrets.token_hex(16)
        headers = {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": signed(changed.get("key", key), f"{stamp}\n{nonce}\n{body}\n"),
            "Request-ID": "08F0" + uuid.uuid4().hex[:8],
        }
        if not self.leaves_out_scheme:
            headers["Wechatpay-Signature-Type"] = SCHEME
        return headers

    def notification(
        self, event_type: str, resource: Any, *, apiv3_key: str = APIV3_KEY, **changed: Any
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body, exactly as WeChat Pay posts them."""
        plain = resource if isinstance(resource, str) else json.dumps(resource, ensure_ascii=False)
        told = {
            "id": str(uuid.uuid4()),
            "create_time": "2026-11-21T10:00:00+08:00",
            "event_type": event_type,
            "resource_type": "encrypt-resource",
            "summary": "支付成功",
            "resource": encrypted(plain, "transaction", apiv3_key),
        }
        body = json.dumps(told, ensure_ascii=False)
        return self.signature_headers(body, **changed), body.encode()

    def trouble_with(self, handler: BaseHTTPRequestHandler, body: bytes) -> str | None:
        """What is wrong with a request's signature, by the documented rules."""
        given = handler.headers.get("Authorization", "")
        parts = dict(re.findall(r'(\w+)="([^"]*)"', given))
        if not given.startswith(SCHEME + " ") or parts.get("mchid") != MCHID:
            return "scheme or mchid"
        if parts["serial_no"] != self.keys.merchant_serial:
            return "serial"
        if abs(time.time() - int(parts["timestamp"])) >= 300:
            return "timestamp"
        text = f"{handler.command}\n{handler.path}\n{parts['timestamp']}\n{parts['nonce_str']}\n"
        try:
            self.keys.merchant.public_key().verify(
                base64.b64decode(parts["signature"]),
                text.encode() + body + b"\n",
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except Exception as error:  # noqa: BLE001 - any trouble is a wrong signature
            return repr(error)
        return None

    def respond(self, path: str) -> tuple[int, Any]:
        if path == "/v3/certificates":
            if self.fails_certificates:
                return 500, {"code": "SYSTEM_ERROR", "message": "系统繁忙"}
            return 200, {"data": [described(one) for one in self.certificates]}
        return self.answers.get(path, (404, {"code": "RESOURCE_NOT_EXISTS", "message": "无"}))


def described(certificate: Certificate) -> dict[str, Any]:
    return {
        "serial_no": certificate.serial,
        "effective_time": "2024-01-01T00:00:00+08:00",
        "expire_time": "2034-01-01T00:00:00+08:00",
        "encrypt_certificate": encrypted(certificate.pem, "certificate"),
    }


class Handler(BaseHTTPRequestHandler):
    """The wire."""

    protocol_version = "HTTP/1.1"
    stub: PayStub

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        if self.stub.trouble_with(self, body):
            self._answer(401, {"code": "SIGN_ERROR", "message": "错误的签名，验签失败"})
            return
        self.stub.asked.append(
            Asked(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
        )
        time.sleep(self.stub.answers_late_seconds)
        if self.stub.drops_connection:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._answer(*self.stub.respond(path))

    def _answer(self, status: int, told: Any) -> None:
        body = b"" if status == 204 else json.dumps(told, ensure_ascii=False).encode()
        headers = self.stub.signature_headers(body.decode())
        if self.stub.probes_answers:
            headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"]
        with contextlib.suppress(OSError):  # the client may have gone
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        pass


@contextlib.contextmanager
def serving(keys: Keys) -> Iterator[PayStub]:
    """A WeChat Pay on a free port."""
    stub = PayStub(keys, certificates=[keys.certificate])
    handler = type("StubHandler", (Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
