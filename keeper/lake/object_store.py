"""An object store's keys and address, as every AWS client finds them in the environment."""

from collections.abc import Mapping
from urllib.parse import urlsplit

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Variables that name the store's address, the first that is set."""
VALUES = {
    "KEY_ID": ("AWS_ACCESS_KEY_ID",),
    "SECRET": ("AWS_SECRET_ACCESS_KEY",),
    "SESSION_TOKEN": ("AWS_SESSION_TOKEN",),
    "REGION": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
"""DuckDB's options of a secret, each with the variables that hold it."""


def secret(environment: Mapping[str, str]) -> str:
    """The statement that tells one DuckDB connection of them; it is kept in memory only. An endpoint of one's own is addressed by path."""
    options = {name: value for name, names in VALUES.items() if (value := _first(environment, names))}
    if endpoint := _first(environment, ENDPOINTS):
        address = urlsplit(endpoint)
        options |= {"ENDPOINT": address.netloc, "URL_STYLE": "path", "USE_SSL": str(address.scheme == "https").lower()}
    listed = "".join(f", {name} '{value.replace(chr(39), 2 * chr(39))}'" for name, value in options.items())
    return f"CREATE OR REPLACE TEMPORARY SECRET store (TYPE s3{listed})"


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)
