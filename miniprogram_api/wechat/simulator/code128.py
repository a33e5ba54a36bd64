"""Code 128 as a picture: digits in pairs (code set C), as shops' scanners read them. ISO/IEC 15417."""

WIDTHS = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
]
"""Each symbol as widths of bar, space, bar, …; the last one begins code set C."""

START_C, STOP = 105, "2331112"
MODULUS = 103
QUIET = 10  # modules of white on either side
HEIGHT = 60


def symbols(digits: str) -> list[int]:
    """The symbols of an even number of digits: start, pairs, check symbol.

    :raises ValueError: it is no even number of digits.
    """
    if not digits or len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise ValueError("code set C holds an even number of digits")
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    check = START_C + sum(place * value for place, value in enumerate(pairs, start=1))
    return [START_C, *pairs, check % MODULUS]


def svg(digits: str) -> str:
    """The bars as an SVG picture, one unit a module."""
    widths = "".join(WIDTHS[symbol] for symbol in symbols(digits)) + STOP
    at, bars = QUIET, []
    for place, width in enumerate(map(int, widths)):
        if place % 2 == 0:
            bars.append(f"M{at} 0h{width}v{HEIGHT}h-{width}z")
        at += width
    size = at + QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {HEIGHT}" '
        'shape-rendering="crispEdges" preserveAspectRatio="none">'
        f'<path fill="#fff" d="M0 0h{size}v{HEIGHT}H0z"/><path d="{"".join(bars)}"/></svg>'
    )
