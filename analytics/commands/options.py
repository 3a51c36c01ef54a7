"""Options that mean the same in every command."""

from pathlib import Path
from typing import Annotated

import typer

from analytics.lake import CATALOG, DATA, ENVIRONMENT

LakeDirectory = Annotated[
    Path | None,
    typer.Option(
        "--lake",
        metavar="DIRECTORY",
        help=f"The lake's directory. Without it: {ENVIRONMENT}, else var/lake; {CATALOG} and {DATA} mean what lake.catalog and lake.data "
        "do for the keeper.",
        show_default=False,
    ),
]
ChainId = Annotated[
    int | None, typer.Option("--chain", metavar="ID", help="Only venues on the chain with this id, e.g. 10.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV with a header line.")]
ParquetFile = Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file.", show_default=False)]
