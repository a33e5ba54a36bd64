"""A new shop, and somebody who sets it up."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from miniprogram_api.setup import links
from tests.services.wechat import Simulator

PASSWORD = "three blue umbrellas"
SECRET = "the app secret of the tests"
OWNER = {"name": "王老板", "username": "wang", "password": PASSWORD, "again": PASSWORD}


@dataclass
class Newcomer:
    """A browser that holds the link."""

    client: FlaskClient
    token: str

    def get(self, step: str = "", **query: str) -> TestResponse:
        path = f"/setup/{self.token}/{step}".rstrip("/")
        return self.client.get(path, query_string=query, headers={"Accept": "text/html"})

    def post(self, step: str, /, **fields: str) -> TestResponse:
        return self.client.post(
            f"/setup/{self.token}/{step}", data=fields, headers={"Accept": "text/html"}
        )


@pytest.fixture
def app_settings(simulator: Simulator) -> dict[str, object]:
    return {"WX_OPEN_BASE": simulator.url, "WX_APPID": "", "WX_SECRET": ""}


@pytest.fixture
def newcomer(app: Flask) -> Newcomer:
    return Newcomer(app.test_client(), links.issue())


@pytest.fixture
def config(app: Flask) -> Path:
    """Where the settings are written."""
    return Path(app.instance_path) / "config.py"


def errors_in(page: str) -> list[str]:
    """What the form says is wrong, in order."""
    return re.findall(r'invalid-feedback d-block">([^<]*)<', page)
