"""`analytics export`: every table of a report as files."""

from pathlib import Path
from typing import Annotated

import pyarrow.parquet
import typer

from analytics.answers.annotated import notes_of, reason_of
from analytics.answers.asked_for import asked_for
from analytics.answers.export import tables
from analytics.commands.options import AsJson, LakeDirectory
from analytics.commands.output import console, csv_file, json_text
from analytics.lake import open_lake


def export(
    event_or_range: Annotated[str, typer.Argument(help="An event's start, FROM/TO, 'last' or 'all'.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIRECTORY", help="Where the files go.")] = Path("var/export"),
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV files instead of Parquet.")] = False,
    lake: LakeDirectory = None,
    as_json: AsJson = False,
) -> None:
    """Liquidations, headline, episodes, waves, prices, regime, depth, costs, keepers, missed and quality: a file each.

    Parquet keeps the notes and reasons in the schema's metadata.

    Examples:

      analytics export 2025-12-11T02:58 --out event/

      analytics export 2025-12-11/2025-12-12 --csv
    """
    with open_lake(lake) as connection:
        asked = asked_for(connection, event_or_range)
        found = tables(connection, asked.window)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in found.items():
        if not table.num_columns:
            written.append({"table": name, "rows": 0, "file": None, "reason": reason_of(table), "notes": []})
            continue
        file = out / f"{name}.{'csv' if as_csv else 'parquet'}"
        if as_csv:
            csv_file(table, file)
        else:
            pyarrow.parquet.write_table(table, file, compression="zstd")
        written.append(
            {"table": name, "rows": table.num_rows, "file": str(file), "reason": reason_of(table), "notes": list(notes_of(table))}
        )
    if as_json:
        typer.echo(json_text({"window": asked.window.words, "files": written}))
        return
    for entry in written:
        why = f"  ({entry['reason']})" if entry["reason"] else ""
        console().print(f"{entry['rows']:>8} rows  {entry['file'] or entry['table']}{why}")
