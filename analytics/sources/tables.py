"""The market tables as the writer needs them: what makes two rows the same row, and what must then agree."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`key` columns identify a row (DuckLake has no keys, so the writer anti-joins on them). `figures` must agree when the keys do."""

    name: str
    key: tuple[str, ...]
    figures: tuple[str, ...]
    slack: float = 0.0
    """How far apart figures may be besides a relative 1e-9: sources print them rounded."""

    @property
    def timed(self) -> bool:
        """Whether the key holds the exchange time, so that only a window of the table is looked at."""
        return "exchange_time" in self.key


_MARKET = ("venue", "market")

TABLES = {
    table.name: table
    for table in (
        Table("liquidations", (*_MARKET, "exchange_time", "event_id"), ("base", "notional_usd")),
        Table("liquidation_totals", (*_MARKET, "exchange_time", "period_seconds"), ("total_usd", "long_usd", "short_usd")),
        Table("trades", (*_MARKET, "exchange_time", "trade_id"), ("price", "base")),
        Table("open_interest", (*_MARKET, "exchange_time"), ("base", "notional_usd")),
        Table("funding", (*_MARKET, "exchange_time"), ("rate",), slack=1e-9),
        Table("candles", (*_MARKET, "exchange_time", "interval_seconds"), ("open", "high", "low", "close")),
        Table("depth", (*_MARKET, "exchange_time", "side", "band_bps"), ("base", "notional_usd")),
        Table("book_snapshots", (*_MARKET, "exchange_time"), ("best_bid", "best_ask")),
        Table("contracts", _MARKET, ("contract_size",)),
    )
}
