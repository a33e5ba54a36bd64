"""The camera in place of a scanner gun; what it sees comes from a film."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Playwright, expect

from . import chromium
from .marks import IN_CHROMIUM
from .shop import Shop, member
from .till import Till

pytestmark = IN_CHROMIUM


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the camera sees."""
    return tmp_path_factory.mktemp("camera") / "code.y4m"


@pytest.fixture(scope="module")
def browser(driver: Playwright, film: Path) -> Iterator[Browser]:
    """A Chromium whose camera shows a film."""
    film.write_bytes(_film_of("0"))
    shows = f"--use-file-for-fake-video-capture={film}"
    with chromium.running(driver, *chromium.CAMERA, shows) as seeing:
        yield seeing


def test_the_camera_reads_the_code_on_a_phone(shop: Shop, till: Till, film: Path) -> None:
    film.write_bytes(_film_of(shop.code_of(member())))
    till.page.click("#camera")
    expect(till.page.locator("#member .person")).to_be_visible(timeout=20_000)
    expect(till.page.locator("dialog")).to_have_count(0)


def test_a_goods_barcode_before_the_camera_says_what_it_is(till: Till, film: Path) -> None:
    film.write_bytes(_film_of("6901234567892"))
    till.page.click("#camera")
    expect(till.trouble).to_contain_text("这是商品条码，不是会员码", timeout=20_000)


def _film_of(code: str) -> bytes:
    """A film of one picture, 640 × 480: the code in black on white."""
    rows = [list(row) for row in segno.make(code, micro=False, error="m").matrix_iter(12, 4)]
    left, top = (640 - len(rows[0])) // 2, (480 - len(rows)) // 2
    picture = bytearray(b"\xeb" * (640 * 480))
    for y, row in enumerate(rows):
        start = (top + y) * 640 + left
        picture[start : start + len(row)] = bytes(0x10 if black else 0xEB for black in row)
    frame = b"FRAME\n" + bytes(picture) + b"\x80" * (640 * 480 // 2)
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 3
