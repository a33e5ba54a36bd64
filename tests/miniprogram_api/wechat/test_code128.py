"""Bars that a scanner gun reads."""

import re

import pytest
import requests

from miniprogram_api.wechat.simulator import code128
from tests.services.wechat import Simulator


def test_every_symbol_is_eleven_modules_wide_and_no_other() -> None:
    assert len(code128.WIDTHS) == len(set(code128.WIDTHS)) == 106
    assert {sum(map(int, widths)) for widths in code128.WIDTHS} == {11}
    assert {len(widths) for widths in code128.WIDTHS} == {6}
    # In each symbol the bars together are an even number of modules wide: the standard's parity.
    assert {sum(map(int, widths[::2])) % 2 for widths in code128.WIDTHS} == {0}


def test_the_check_symbol_is_that_of_the_standard() -> None:
    """(105 + 1·12 + 2·34 + 3·56) mod 103 = 44."""
    assert code128.symbols("123456") == [105, 12, 34, 56, 44]


@pytest.mark.parametrize("text", ["", "123", "12a4", "１２"])
def test_what_is_no_even_number_of_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="even number"):
        code128.svg(text)


def test_a_member_code_is_drawn_with_its_quiet_zone(simulator: Simulator) -> None:
    url = f"{simulator.url}/_sim/phone/barcode"
    drawn = requests.get(url, params={"text": "881234567890123452"}, timeout=10)
    assert drawn.headers["Content-Type"].startswith("image/svg+xml")
    # start, nine pairs and the check symbol of 11 modules each, the stop of 13, twice 10 of white
    assert 'viewBox="0 0 154 60"' in drawn.text
    bars = re.findall(r"M[1-9]\d* 0h", drawn.text)
    assert len(bars) == 11 * 3 + 4
    assert requests.get(url, params={"text": "88123"}, timeout=10).status_code == 400
