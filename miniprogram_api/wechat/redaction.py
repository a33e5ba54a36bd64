"""Keeping AppSecret, tokens and codes out of error texts and logs.

The libraries below us put whole URLs, query included, into exceptions and debug lines.
"""

import logging
import re

_NAMES = "secret|access_token|js_code|session_key|code"
_IN_QUERY = re.compile(rf"\b({_NAMES})=[^&\s)'\"<>]+", re.IGNORECASE)
_IN_JSON = re.compile(rf"([\"'](?:{_NAMES})[\"']\s*:\s*[\"'])[^\"']*", re.IGNORECASE)


def redacted(text: str, *secrets: str, limit: int = 200) -> str:
    """`text` without what may not be read, cut to `limit` characters.

    :param secrets: values to blot out wherever they stand, besides those that carry a known name.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _IN_JSON.sub(r"\1***", _IN_QUERY.sub(r"\1=***", text))[:limit]


class RedactingFilter(logging.Filter):
    """Blots secrets out of a library's log lines before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, redacted."""
        record.msg, record.args = redacted(record.getMessage(), limit=1000), ()
        return True


_FILTER = RedactingFilter()


def quiet_the_libraries() -> None:
    """Redact urllib3's debug lines, which print each request with its query."""
    logging.getLogger("urllib3.connectionpool").addFilter(_FILTER)
