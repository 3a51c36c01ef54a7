"""What a reader must know about the records behind a report: coverage, sampling, gaps, rejects, flags, both-sided logs (M0)."""

import duckdb
import pyarrow as pa

from analytics.answers.annotated import annotated
from analytics.answers.checks import failing_checks
from analytics.answers.depth_table import flagged
from analytics.answers.identity import venue_labels
from analytics.answers.ledger import ledger_view
from analytics.answers.window import Window
from analytics.marts import has_view, mart
from analytics.models.ledger import parity

_SCHEMA = pa.schema([("topic", pa.string()), ("about", pa.string()), ("finding", pa.string()), ("n", pa.int64())])
_EXCERPT = 60


def quality(lake: duckdb.DuckDBPyConnection, window: Window | None = None) -> pa.Table:
    """Findings by topic: recorded, gap, both-sided log, check (those that fail), reject, flagged, file."""
    asked = window or Window()
    rows = [*_recorded(lake, asked), *_doubled(lake, asked), *_checks(lake, asked), *_rejects(lake), *_files(lake)]
    rows += [_row("flagged", "depth", note, None) for note in flagged(lake)]
    return annotated(pa.Table.from_pylist(rows, _SCHEMA), reason="the lake has no records to judge")


def _recorded(lake: duckdb.DuckDBPyConnection, window: Window) -> list[dict[str, object]]:
    if not ledger_view(lake):
        return []
    found = lake.execute(mart("ledger_gaps"), {"since": window.lake_since, "until": window.lake_until}).to_arrow_table().to_pylist()
    labels = venue_labels(lake)
    rows = []
    for row in found:
        span = f"{row['first_time']:%Y-%m-%d %H:%M:%S} to {row['last_time']:%Y-%m-%d %H:%M:%S} UTC"
        about = labels.of_row(row)
        rows.append(_row("recorded", about, f"liquidations, {row['quality']}, {span}", row["n"]))
        if row["longest_silence_s"]:
            until = f"{row['silence_until']:%Y-%m-%d %H:%M:%S} UTC"
            rows.append(_row("gap", about, f"longest silence {row['longest_silence_s']:,.0f} s, until {until}", row["n"]))
    return rows


def _doubled(lake: duckdb.DuckDBPyConnection, window: Window) -> list[dict[str, object]]:
    """The parity test per venue with exact records: a log printed once per side has even counts in every second."""
    if not ledger_view(lake):
        return []
    table = lake.execute(mart("exact_seconds"), {"since": window.lake_since, "until": window.lake_until}).to_arrow_table()
    labels = venue_labels(lake)
    rows: list[dict[str, object]] = []
    for venue, liquidations in zip(table.select(["chain_id", "venue"]).to_pylist(), table["liquidations"], strict=True):
        moments = liquidations.values
        found = parity(moments.field("second").to_numpy(), moments.field("is_adl").to_numpy(zero_copy_only=False))
        if found.both_sided is not None:
            words = "every second even: the log may repeat each fill once per side" if found.both_sided else "one-sided by the parity test"
            rows.append(_row("both-sided log", labels.of_row(venue), words, found.seconds))
    return rows


def _checks(lake: duckdb.DuckDBPyConnection, window: Window) -> list[dict[str, object]]:
    """Where the lake holds liquidations: what must hold in the window, and does not."""
    if not ledger_view(lake):
        return []
    return [
        _row("check", name, "does not hold: the figures that rest on it are not to be trusted", n)
        for name, n in failing_checks(lake, window).items()
    ]


def _rejects(lake: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    if not has_view(lake, "stg_market_rejects"):
        return []
    found = lake.execute(mart("rejects_by_reason")).to_arrow_table().to_pylist()
    return [
        _row(
            "reject",
            row["source_file"],
            f"{row['reason']}; first at line {row['first_line']}: {str(row['first_text'])[:_EXCERPT]}",
            row["n"],
        )
        for row in found
    ]


def _files(lake: duckdb.DuckDBPyConnection) -> list[dict[str, object]]:
    if not has_view(lake, "stg_market_imports"):
        return []
    found = lake.execute("SELECT * FROM stg_market_imports ORDER BY source_file").to_arrow_table().to_pylist()
    return [_row("file", row["source_file"], "; ".join(_remarks(row)), row["rows"]) for row in found]


def _remarks(row: dict[str, object]) -> list[str]:
    told = [f"as {row['kind']}"]
    told += [f"{row[name]} {name}" for name in ("duplicates", "rejects") if row[name]]
    return told + [str(row[name]) for name in ("skipped", "notes") if row[name] and row[name] not in ("{}", "[]")]


def _row(topic: str, about: object, finding: str, n: int | None) -> dict[str, object]:
    return {"topic": topic, "about": about, "finding": finding, "n": n}
