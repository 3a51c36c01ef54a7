"""DuckDB's extensions out of their PyPI packages; nothing is downloaded at run time."""

import importlib
import importlib.resources
from pathlib import Path

import duckdb

from keeper.errors import ConfigError
from keeper.lake.place import CatalogPlace

_OF_CATALOG = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}


def extension_file(extension: str) -> Path:
    """The extension's file inside its package. `import_extension` would copy it to the home directory first, which may be read-only in a
    container and is raced for by processes that start together. Raises ConfigError where the package is not installed."""
    try:
        package = importlib.resources.files(importlib.import_module(f"duckdb_extension_{extension}"))
    except ModuleNotFoundError as error:
        name = f"duckdb-extension-{extension.replace('_', '-')}"
        raise ConfigError(f"this catalog or store needs the Python package {name}=={duckdb.__version__}: install it") from error
    return Path(str(package / "extensions" / f"v{duckdb.__version__}" / f"{extension}.duckdb_extension"))


def extensions(place: CatalogPlace) -> tuple[str, ...]:
    """What this catalog and its store need. Raises ConfigError for a kind of catalog that is not known."""
    if place.kind not in _OF_CATALOG:
        raise ConfigError(f"lake.catalog: unknown catalog kind {place.kind!r}: use one of {', '.join(_OF_CATALOG)}")
    return (_OF_CATALOG[place.kind], *(("httpfs",) if place.remote else ()), "ducklake")
