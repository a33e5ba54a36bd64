from typing import Any

import pytest
from flask import Flask, jsonify

from miniprogram_api.auth import revocation
from miniprogram_api.auth.guards import current_member_id, for_member, public
from miniprogram_api.core.redis import redis_client
from miniprogram_api.members.login import log_in
from miniprogram_api.wechat.answers import WeChatSession


def _view() -> Any:
    """A fresh view: a guard marks the one that it is given."""
    return lambda: jsonify(member_id=current_member_id())


def _bearer() -> dict[str, str]:
    token = log_in(WeChatSession("oLi-who-shops-on-Saturdays-01"), "other").session.access_token
    redis_client().flushall()
    return {"Authorization": f"Bearer {token}"}


def test_a_view_tells_its_guard() -> None:
    assert public(lambda: None).guard == "public"  # type: ignore[attr-defined]
    assert for_member(lambda: None).guard == "member"  # type: ignore[attr-defined]
    assert for_member(keeps_own_pace=True)(lambda: None).guard == "member"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "outer",
    [public, for_member, for_member(keeps_own_pace=True)],
    ids=["public", "member", "paced"],
)
@pytest.mark.parametrize("inner", [public, for_member], ids=["public", "member"])
def test_a_view_wears_one_guard(outer: Any, inner: Any) -> None:
    with pytest.raises(TypeError, match="two guards"):
        outer(inner(_view()))


def _serve(app: Flask, view: Any) -> Any:
    # Added late, which Flask allows only before the first request: none has been answered yet.
    app.add_url_rule("/api/v1/probe", "probe", view_func=view, methods=["GET", "POST"])
    return app.test_client()


def test_a_read_asks_neither_database_nor_redis(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, headers = _serve(app, for_member(_view())), _bearer()
    assert client.get("/api/v1/probe", headers=headers).status_code == 200  # the list is read now

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("asked a store")

    monkeypatch.setattr("miniprogram_api.core.redis.redis_client", refuse)
    monkeypatch.setattr("sqlalchemy.engine.Engine.connect", refuse)
    known = revocation._known()
    monkeypatch.setattr(known, "refresh", lambda: None)
    answer = client.get("/api/v1/probe", headers=headers)
    assert (answer.status_code, answer.get_json()) == (200, {"member_id": 1})


def test_a_write_asks_redis_once(app: Flask) -> None:
    client, headers = _serve(app, for_member(_view())), _bearer()
    client.post("/api/v1/probe", headers=headers)
    before = redis_client().info("commandstats")["cmdstat_evalsha"]["calls"]
    assert client.post("/api/v1/probe", headers=headers).status_code == 200
    assert redis_client().info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1


def test_a_route_that_keeps_its_own_pace_asks_redis_nothing(app: Flask) -> None:
    client, headers = _serve(app, for_member(keeps_own_pace=True)(_view())), _bearer()
    codes = {client.post("/api/v1/probe", headers=headers).status_code for _call in range(40)}
    assert codes == {200}
    assert redis_client().dbsize() == 0
