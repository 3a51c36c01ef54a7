"""Every kind of recording `analytics import` knows, and which kind a file is."""

from pathlib import Path
from types import MappingProxyType

from analytics.sources.binance_book_depth import BINANCE_BOOK_DEPTH
from analytics.sources.binance_books import BINANCE_BOOKS
from analytics.sources.binance_force_orders import BINANCE_FORCE_ORDERS
from analytics.sources.binance_metrics import BINANCE_METRICS
from analytics.sources.bybit_liquidations import BYBIT_LIQUIDATIONS
from analytics.sources.dydx_trades import DYDX_TRADES
from analytics.sources.finm33150 import FINM33150
from analytics.sources.hyperliquid_books import HYPERLIQUID_BOOKS
from analytics.sources.hyperliquid_fills import HYPERLIQUID_FILLS
from analytics.sources.keeper import KEEPER
from analytics.sources.okx_instruments import OKX_INSTRUMENTS
from analytics.sources.okx_liquidations import OKX_LIQUIDATIONS
from analytics.sources.recording import open_recording
from analytics.sources.refusal import Refusal
from analytics.sources.source import Sample, Shape, Source
from analytics.sources.tardis_trades import TARDIS_TRADES

KINDS = MappingProxyType(
    {
        source.kind: source
        for source in (
            KEEPER,
            BINANCE_FORCE_ORDERS,
            BYBIT_LIQUIDATIONS,
            OKX_INSTRUMENTS,
            OKX_LIQUIDATIONS,
            HYPERLIQUID_FILLS,
            DYDX_TRADES,
            TARDIS_TRADES,
            BINANCE_METRICS,
            BINANCE_BOOK_DEPTH,
            FINM33150,
            BINANCE_BOOKS,
            HYPERLIQUID_BOOKS,
        )
    }
)
"""Kind -> importer, in the order to import them: contract sizes come before what counts contracts."""


def detect_kind(path: Path) -> str:
    """The one kind this file is. Refusal when it is none, or when a mixed recording is several (then it is imported once per kind)."""
    kinds = _kinds_of(open_recording(path, lambda size: None).sample)
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        raise Refusal(f"holds {' and '.join(kinds)}: import it once as each")
    raise Refusal("is of no kind known here: `analytics import kinds` lists them")


def shape_for(source: Source, sample: Sample) -> Shape:
    """The layout of this file among those the kind has. Refusal, saying what the file is instead, when there is none."""
    if not sample.lines:
        raise Refusal("the file is empty")
    for shape in source.shapes:
        if shape.form == sample.form and shape.fits(sample):
            return shape
    for shape in source.shapes:
        if shape.form == sample.form == "frames" and not _kinds_of(sample):
            return shape  # a recording of many channels may begin with other frames
    raise Refusal(f"is not a {source.kind} file: {_instead(source, sample)}")


def _instead(source: Source, sample: Sample) -> str:
    found = sample.lines if sample.form == "parquet" else tuple(sample.lines[0].strip().split(","))
    for shape in source.shapes:
        if shape.form == sample.form == "csv" and sorted(found) == sorted(shape.columns):
            return f"its columns are in another order, expected {','.join(shape.columns)}"
    if kinds := _kinds_of(sample):
        return f"it is {' and '.join(kinds)}"
    expected = " or ".join(",".join(shape.columns) for shape in source.shapes)
    return f"expected {expected}; it begins with {','.join(found)[:120]}"


def _kinds_of(sample: Sample) -> tuple[str, ...]:
    return tuple(kind for kind, source in KINDS.items() if any(shape.form == sample.form and shape.fits(sample) for shape in source.shapes))
