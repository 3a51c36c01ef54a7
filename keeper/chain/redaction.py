"""Addresses of endpoints without what is secret in them: providers put API keys into path, query and user part."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

_LEAST_SECRET = 6
"""Shorter path segments ("v1", "rpc") are words, not keys; they also occur in honest text."""


def redacted(url: str) -> str:
    """The address without user, path and query: what may stand in logs and messages."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an illegible address)"
    return f"{parts.scheme}://{parts.hostname or '?'}{port}"


def names(urls: Sequence[str]) -> Sequence[str]:
    """The redacted addresses, numbered where several are the same: two keys of one provider are two endpoints."""
    plain = [redacted(url) for url in urls]
    return [name if plain.count(name) == 1 else f"{name} ({plain[: place + 1].count(name)})" for place, name in enumerate(plain)]


def scrubbed(text: str, url: str) -> str:
    """`text`, in which the address or its secrets may occur (an error of the HTTP library, a provider's message), without them."""
    text = text.replace(url, redacted(url))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def _secrets(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return set(re.split(r"\W+", url)) - {""}
    query = [*(value for _, value in parse_qsl(parts.query)), *re.split(r"[&=]", parts.query)]
    words = [parts.username or "", *query, *re.split(r"[/;]", parts.path)]
    long = {word for word in words if len(word) >= _LEAST_SECRET} | ({parts.password} if parts.password else set())
    return long | {unquote(word) for word in long}
