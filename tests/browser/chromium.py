"""A real Chromium, driven over its DevTools protocol."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "The browser tests need Chromium: apt-get install chromium (or brew install --cask chromium),"
    " or name one in the environment variable CHROMIUM."
)
# A microphone and camera that need no one to allow them; the picture comes from a file where told.
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def path_of_chromium() -> str:
    """Where Chromium is; says what to install where there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError(MISSING)
    return found


@contextlib.contextmanager
def running(driver: Playwright, *flags: str) -> Iterator[Browser]:
    """Chromium without a window, gone with the block."""
    browser = driver.chromium.launch(executable_path=path_of_chromium(), args=list(flags))
    try:
        yield browser
    finally:
        browser.close()
