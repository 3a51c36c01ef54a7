"""Where a lake is: two catalogs side by side, the keeper's and the market's, each with Parquet files and writers of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from keeper.errors import ConfigError

_MARKET_FILE = "market.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPlace:
    """`catalog` is what stands behind `ducklake:` ("sqlite:PATH", "postgres:dbname=..."); `schema` is where a server's database holds it.
    `data_path` is a directory or an object store's prefix, with a slash at its end."""

    catalog: str
    data_path: str
    schema: str | None = None

    @property
    def kind(self) -> str:
        """What stands before the first colon."""
        return self.catalog.partition(":")[0]

    @property
    def catalog_file(self) -> Path | None:
        """The catalog's file; None where a server holds it."""
        return Path(self.catalog.partition(":")[2]) if self.kind == "sqlite" else None

    @property
    def remote(self) -> bool:
        """Whether the Parquet files are in an object store."""
        return "://" in self.data_path

    @property
    def name(self) -> str:
        """The catalog in an error message: never a password of a connection string."""
        return str(self.catalog_file or f"{self.kind} catalog {self.schema or ''} with data in {self.data_path}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LakePlace:
    """Both catalogs of one lake."""

    keeper: CatalogPlace
    market: CatalogPlace

    @classmethod
    def at(cls, directory: Path, catalog: str | None = None, data: str | None = None) -> Self:
        """`directory` with catalog.sqlite and data/ (the keeper's), market.sqlite and market/.

        `catalog` ("sqlite:PATH" or "postgres:...") and `data` (a directory or "s3://...") stand in place of the directory. In a server's
        database each catalog has a schema of its own. Raises ConfigError."""
        root = (data or str(directory)).rstrip("/")
        mine, theirs = _catalogs(catalog or f"sqlite:{directory / 'catalog.sqlite'}")
        served = not mine.startswith("sqlite:")
        return cls(
            keeper=CatalogPlace(catalog=mine, data_path=f"{root}/data/", schema="keeper" if served else None),
            market=CatalogPlace(catalog=theirs, data_path=f"{root}/market/", schema="market" if served else None),
        )


def _catalogs(catalog: str) -> tuple[str, str]:
    kind, _, where = catalog.partition(":")
    if kind != "sqlite":
        return catalog, catalog
    if Path(where).name == _MARKET_FILE:
        raise ConfigError(f"lake.catalog = {catalog!r}: {_MARKET_FILE} is the market's catalog, name the keeper's another file")
    return catalog, f"sqlite:{Path(where).with_name(_MARKET_FILE)}"
