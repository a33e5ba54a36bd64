"""The mini-program helper of docs/sessions.md, run as it stands there against the mall over HTTP."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from tests.services.wechat import Simulator

NODE = shutil.which("node")
DOCS = Path(__file__).parents[2] / "docs" / "sessions.md"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NODE is None, reason="no node here")]

PHONE = """
// A phone: storage, wx.login by the simulator, wx.request by fetch, and a network that may fail.
const storage = {}, seen = []
let losing = 0
globalThis.wx = {
  getStorageSync: (name) => storage[name] || '',
  setStorageSync: (name, value) => { storage[name] = value },
  removeStorageSync: (name) => { delete storage[name] },
  login: async () => {
    seen.push('wx.login')
    const answer = await fetch(SIMULATOR + '/_sim/codes', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ openid: 'oLi-who-shops-on-Saturdays-01' }) })
    return answer.json()
  },
  request: async ({ url, method, data, header, success, fail }) => {
    const body = data === undefined ? undefined : JSON.stringify(data)
    try {
      const answer = await fetch(url, { method, headers: header, body })
      const text = await answer.text()
      if (losing > 0 && method === 'POST' && !url.endsWith('/sessions')) {
        losing -= 1
        return fail(new Error('request:fail timeout'))
      }
      const json = text ? JSON.parse(text) : ''
      success({ statusCode: answer.status, data: json, header: Object.fromEntries(answer.headers) })
    } catch (error) { fail(error) }
  },
}
"""

STORY = """;
(async () => {
  const { call, act } = module.exports
  const told = {}
  told.first = (await call('GET', '/members/me')).member_no
  storage['mall.token'] = 'an-old-token'
  const many = await Promise.all([1, 2, 3, 4, 5].map(() => call('GET', '/members/me')))
  told.same = many.every((member) => member.member_no === told.first)
  told.logins = seen.length
  losing = 1
  const agree = { document: 'terms', version: '1', given: true }
  told.agreed = (await act('/members/me/consents', agree, 'agree')).items[0].given
  losing = 9
  told.lost = await act('/members/me/consents', agree, 'again').catch((error) => error.message)
  told.kept = storage['mall.key.again']
  losing = 0
  await act('/members/me/consents', agree, 'again')
  told.refused = await act('/members/me/consents', { ...agree, version: '0' }, 'old')
    .catch((error) => [error.status, error.code, error.message])
  told.left = Object.keys(storage)
  console.log(JSON.stringify(told))
})()
"""


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url}


@pytest.fixture
def keys(app: Flask) -> list[str]:
    """The idempotency keys of the calls that arrive, in their order."""
    arrived: list[str] = []

    @app.before_request
    def note() -> None:
        if key := request.headers.get("Idempotency-Key"):
            arrived.append(key)

    return arrived


@pytest.fixture
def mall(app: Flask, keys: list[str]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _run(mall: str, simulator: Simulator) -> dict[str, Any]:
    helper = DOCS.read_text(encoding="utf-8").partition("```js\n")[2].partition("```")[0]
    helper = helper.replace("https://mall.example.com", mall)
    script = f"const SIMULATOR = {simulator.url!r}\n{PHONE}\n{helper}\n{STORY}"
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_helper_logs_in_silently_and_repeats_with_the_same_key(
    mall: str, simulator: Simulator, keys: list[str]
) -> None:
    told = _run(mall, simulator)
    assert told["same"] is True
    assert told["logins"] == 2  # the first, and one for five calls that found the token stale
    assert told["agreed"] is True
    assert told["lost"] == "request:fail timeout"
    assert told["refused"] == [409, "document_outdated", "协议已更新，请重新阅读"]
    assert told["left"] == ["mall.token"]
    first, repeat, *again, old = keys
    assert first == repeat
    assert again == [told["kept"]] * 4
    assert len({first, again[0], old}) == 3
