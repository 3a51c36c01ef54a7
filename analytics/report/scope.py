"""What a report is about: the lake, the window, and the assets worth a chart each."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from analytics.answers.identity import VenueLabels, venue_labels
from analytics.answers.ledger import headline
from analytics.answers.prices import price_extremes
from analytics.answers.ranking import ranked_assets
from analytics.answers.window import Window
from analytics.models.episodes import EpisodeRules

ASSETS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The window of one report with its headline table, price extremes, the assets charted, largest first, what venues are called, and the
    rules of episodes."""

    lake: duckdb.DuckDBPyConnection
    window: Window
    title: str
    headline: pa.Table
    prices: pa.Table
    assets: tuple[str, ...]
    labels: VenueLabels
    rules: EpisodeRules | None = None

    @property
    def quality(self) -> str:
        """Of the liquidations, for captions."""
        found = sorted(set(self.headline["quality"].to_pylist())) if self.headline.num_rows else []
        return " and ".join(found) or "no liquidations"


def subject(lake: duckdb.DuckDBPyConnection, window: Window, title: str, rules: EpisodeRules | None = None) -> Subject:
    """The three assets with most liquidated USD; without liquidations those that fell furthest."""
    table, prices = headline(lake, window), price_extremes(lake, window)
    return Subject(lake, window, title, table, prices, ranked_assets(table, prices)[:ASSETS], venue_labels(lake), rules)
