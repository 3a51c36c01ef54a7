"""Addresses of endpoints without their secrets: providers put API keys into path, query and user part."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote, urlsplit

_MIN_SECRET_CHARS = 6
"""Shorter path segments ("v1", "rpc") are words, not keys; they also occur in ordinary text."""


def redact(url: str) -> str:
    """The address without user, path and query: what may stand in logs and messages."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an illegible address)"
    return f"{parts.scheme}://{parts.hostname or '?'}{port}"


def names(urls: Sequence[str]) -> Sequence[str]:
    """The redacted addresses, numbered where several are the same: two keys of one provider are two endpoints."""
    addresses = [redact(url) for url in urls]
    counts = [addresses[: place + 1].count(address) for place, address in enumerate(addresses)]
    return [address if addresses.count(address) == 1 else f"{address} ({count})" for address, count in zip(addresses, counts, strict=True)]


def scrub(text: str, url: str) -> str:
    """`text`, in which the address or its secrets may occur (an error of the HTTP library, a provider's message), without them."""
    text = text.replace(url, redact(url))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def _secrets(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return set(re.split(r"\W+", url)) - {""}
    query = [*(value for _, value in parse_qsl(parts.query)), *re.split(r"[&=]", parts.query)]
    segments = [parts.username or "", *query, *re.split(r"[/;]", parts.path)]
    secrets = {segment for segment in segments if len(segment) >= _MIN_SECRET_CHARS} | ({parts.password} if parts.password else set())
    return secrets | {unquote(segment) for segment in secrets}
