"""What kind of device a session was opened on: a coarse word for its owner, not a fingerprint."""

_SIGNS = (
    ("wechatdevtools", "devtools"),
    ("iphone", "iphone"),
    ("ipad", "ipad"),
    ("openharmony", "harmony"),
    ("android", "android"),
    ("windows", "windows"),
    ("macintosh", "mac"),
)

DEVICES = (*(device for _, device in _SIGNS), "other")


def device_of(user_agent: str) -> str:
    """The device that a `User-Agent` names, one of `DEVICES`."""
    agent = user_agent[:512].lower()
    return next((device for sign, device in _SIGNS if sign in agent), "other")
