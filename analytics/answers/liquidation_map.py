"""What is liquidated where, seen from the keeper's own book of positions? (M1 to M4)"""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.answers.common_shock import together
from analytics.answers.identity import AccountKey, venue_labels
from analytics.answers.window import lake_time
from analytics.errors import LakeError
from analytics.marts import has_view, mart
from analytics.models.arrays import Floats
from analytics.models.figure import Figure, Scope
from analytics.models.liquidation_map import Levels, LiquidationMap, asymmetry, build, coverage
from analytics.models.max_pain import MaxPain, max_pain


@dataclass(frozen=True, slots=True, eq=False)
class MapAnswer:
    """The map of one market with its asymmetry per window, coverage per side and max pain. `levels` are its positions, `accounts` whose,
    `underlying` what it trades.

    `map` is None where there is nothing to map; `reason` says why. `blocks`: the snapshot's block per venue's label; `moves`: which prices
    the map moves, in words."""

    map: LiquidationMap | None
    levels: Levels | None
    accounts: tuple[AccountKey, ...]
    underlying: str
    asymmetry: tuple[tuple[float, Figure, Figure], ...]
    coverage: tuple[Figure, ...]
    max_pain: MaxPain | None
    taken_at: datetime | None
    blocks: tuple[tuple[str, int], ...]
    moves: str
    reason: str


def liquidation_map(
    lake: duckdb.DuckDBPyConnection,
    market: str,
    at: datetime | None = None,
    venue: str | None = None,
    *,
    chain_id: int | None = None,
    all_markets: bool = False,
) -> MapAnswer:
    """The map from the last snapshot of positions at or before `at` (None: the newest) of a read-only lake: of every venue that has a
    market of this name, or of the given one.

    Liquidation prices hold all else still, as the keeper computed them; with `all_markets` every market moves together, each by its beta.
    Raises LakeError when no keeper has written positions to this lake."""
    if not has_view(lake, "stg_keeper_position_snapshots"):
        raise LakeError("this lake has no positions of a keeper: a map needs them")
    moment = lake_time(at) if at else datetime.max  # noqa: DTZ901 the lake's times are UTC without an offset
    parameters = {"market": market, "at": moment, "venue": venue, "chain_id": chain_id}
    rows = lake.execute(mart("positions_at"), parameters | ({"market": None} if all_markets else {})).to_arrow_table()
    mine = rows.filter(pc.equal(rows["market"], market))
    if mine.num_rows == 0:
        when = f" at or before {moment:%Y-%m-%d %H:%M:%S}" if at else ""
        return MapAnswer(None, None, (), "", (), (), None, None, (), "", f"no open positions of {market} in a snapshot{when}")
    if not all_markets:
        return _answer(lake, mine, _floats(mine, "liquidation_price_usd"), "liquidation prices hold all else still", parameters)
    price, betas = together(lake, rows, max(mine["block_time"].to_pylist()))
    chosen = np.array(rows["market"].to_pylist()) == market
    words = "all markets move together, by their betas: " + ", ".join(f"{name} {beta:.2f}" for name, beta in betas.items())
    return _answer(lake, mine, price[chosen], words, parameters)


def _answer(lake: duckdb.DuckDBPyConnection, rows: pa.Table, price: Floats, moves: str, parameters: dict[str, object]) -> MapAnswer:
    taken_at: datetime = max(rows["block_time"].to_pylist())
    labels, taken = venue_labels(lake), rows.select(["chain_id", "venue", "block_number"]).to_pylist()
    blocks = tuple(sorted({(labels.of_row(row), row["block_number"]) for row in taken}))
    scope = Scope(f"snapshot of {taken_at:%Y-%m-%d %H:%M:%S} UTC", "exact")
    marks, notional = _floats(rows, "mark_price_usd"), _floats(rows, "notional_usd")
    mark = float(np.average(marks, weights=notional)) if notional.sum() > 0 else float(marks[0])
    at = Levels(price * mark / marks, rows["side"].to_numpy().astype(np.int64), notional)
    made = build(at, mark, scope, immediate=rows["immediate"].to_numpy(zero_copy_only=False))
    taking = ~rows["has_orders"].to_numpy(zero_copy_only=False)  # open interest counts takers: what a maker's orders hold is not in it
    counted = Levels(at.price[taking], at.side[taking], at.notional[taking])
    covered = tuple(
        coverage(counted, side, open_interest, mark, scope) for side, open_interest in _open_interest(lake, parameters | {"at": taken_at})
    )
    accounts = tuple(AccountKey(**row) for row in rows.select(AccountKey._fields).to_pylist())
    underlying = rows["underlying"][0].as_py()
    return MapAnswer(made, at, accounts, underlying, asymmetry(at, mark, scope), covered, max_pain(made), taken_at, blocks, moves, "")


def _open_interest(lake: duckdb.DuckDBPyConnection, parameters: dict[str, object]) -> list[tuple[int, float]]:
    """(side, base) where the lake has market states; nothing where it has none."""
    if not has_view(lake, "stg_keeper_market_state"):
        return []
    table = lake.execute(mart("open_interest_at"), parameters).to_arrow_table()
    return [(1, float(_floats(table, "open_interest_long_base").sum())), (-1, float(_floats(table, "open_interest_short_base").sum()))]


def _floats(table: pa.Table, column: str) -> Floats:
    """A column as float64, null as nan."""
    values: Floats = table[column].to_numpy().astype(np.float64)
    return values
