"""Numbers that leave the house: unguessable, and checked against slips of the tongue."""

import secrets


def luhn_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7812-1 (Luhn): finds every single wrong digit."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def random_digits(count: int) -> str:
    """`count` decimal digits from the system's cryptographic source."""
    return f"{secrets.randbelow(10**count):0{count}d}"


def numbered(prefix: str, random_count: int) -> str:
    """A number of digits: `prefix`, random digits, check digit."""
    digits = prefix + random_digits(random_count)
    return digits + luhn_digit(digits)


def is_numbered(number: str, prefix: str, random_count: int) -> bool:
    """Whether `number` could have come from `numbered` with the same arguments."""
    return (
        number.isascii()
        and number.isdigit()
        and len(number) == len(prefix) + random_count + 1
        and number.startswith(prefix)
        and luhn_digit(number[:-1]) == number[-1]
    )


def request_id() -> str:
    """A name for one request, for answers and logs: 96 random bits."""
    return secrets.token_hex(12)
