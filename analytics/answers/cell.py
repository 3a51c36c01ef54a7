"""One value of an answer as an analyst reads it, on a screen or in a report."""

from datetime import datetime
from math import isfinite

_SHARES = ("share", "flush", "move", "fall", "touch_probability", "distance", "rate")


def cell(name: str, value: object) -> str:
    """One value as an analyst reads it: USD in full, shares in per cent, times to the second, lists joined."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}" if value.second or value.microsecond else f"{value:%Y-%m-%d %H:%M}"
        case float():
            return _number(name, value)
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(str(item) for item in value)
    return str(value)


def _number(name: str, value: float) -> str:
    if not isfinite(value):
        return "–"
    if name.endswith(_SHARES) or name in _SHARES:
        return f"{100 * value:.2f} %"
    if name.endswith("_8h"):
        return f"{100 * value:+.4f} %"
    if "usd" in name and (abs(value) >= 10_000 or abs(value) < 1e-6):
        return f"{value:,.0f}"
    return f"{value:,.6g}" if "usd" in name or abs(value) >= 1000 else f"{value:,.4g}"
