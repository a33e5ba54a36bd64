"""`python -m miniprogram_api.wechat.simulator`: WeChat's stand-in on this machine."""

import argparse
import base64
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from .pay_keys import PayKeys, kept_in
from .server import HOST, create_simulator, keep_saving, listen, load
from .world import Config


def main() -> None:
    """Serve until told to stop."""
    options = _options()
    if options.make_keys:
        kept_in(options.make_keys)
        return
    config = Config(
        appid=options.appid,
        secret=options.secret,
        push_token=options.push_token,
        push_aes_key=options.push_aes_key,
        push_format=options.push_format,
        mall=options.mall,
        pay_keys=(lambda: kept_in(options.pay_keys)) if options.pay_keys else PayKeys.fresh,
    )
    app = create_simulator(config)
    server = listen(app, options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    stopped, saver = threading.Event(), None
    if options.state:
        load(app, options.state)
        saver = threading.Thread(target=keep_saving, args=(app, options.state, stopped))
        saver.start()
    app.extensions["world"].introduce(people_of(options.people))  # the saved state may be older
    sys.stdout.write(_banner(server.port, config))
    sys.stdout.flush()
    try:
        server.serve_forever()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        stopped.set()
        server.server_close()
        if saver:
            saver.join()


def _options() -> argparse.Namespace:
    env = os.environ.get
    parser = argparse.ArgumentParser(description="A stand-in for WeChat, on 127.0.0.1 only.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--mall", default="http://127.0.0.1:8000", help="where the mall listens")
    parser.add_argument("--state", type=Path, help="file that carries the state over a restart")
    parser.add_argument("--appid", default=env("WX_APPID") or "wx" + "0" * 15 + "1")
    parser.add_argument("--secret", default=env("WX_SECRET") or secrets.token_hex(16))
    parser.add_argument("--push-token", default=env("WX_PUSH_TOKEN") or secrets.token_hex(8))
    parser.add_argument("--push-aes-key", default=env("WX_PUSH_AES_KEY") or _aes_key())
    parser.add_argument("--push-format", choices=("json", "xml"), default="json")
    parser.add_argument("--pay-keys", type=Path, help="folder of the keys of WeChat Pay")
    parser.add_argument("--make-keys", type=Path, help="make that folder, and no more")
    parser.add_argument(
        "--people", default="", help="known from the start: openid or openid=name, by commas"
    )
    return parser.parse_args()


def people_of(text: str) -> dict[str, str]:
    """`a=小明,b` as openid to name; who has no name of their own is called by the openid."""
    entries = [entry.strip().partition("=") for entry in text.split(",")]
    return {openid: name or openid for openid, _, name in entries if openid}


def _aes_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def _banner(port: int, config: Config) -> str:
    return (
        "微信模拟器 · This is NOT WeChat: a simulator for this machine\n"
        f"  手机 phone   http://{HOST}:{port}/\n"
        f"  商城 mall    {config.mall}\n"
        f"  AppID       {config.appid}\n"
    )


if __name__ == "__main__":
    main()
