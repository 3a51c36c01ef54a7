"""At which price a cross account dies when all markets move together: the second of the two maps (M1)."""

from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from analytics.answers.identity import AccountKey
from analytics.marts import has_view, mart
from analytics.models.arrays import Floats, Ints
from analytics.models.liquidation_price import Legs, ewma_betas, market_shock

_MOST_BLOCKS, _LEAST_MOVES, _HALF_LIFE = 5000, 20, 500.0


def together(lake: duckdb.DuckDBPyConnection, rows: pa.Table, at: datetime) -> tuple[Floats, dict[str, float]]:
    """(price in USD per row of mart `positions_at` over all markets, beta per market). nan where no common move liquidates the account.

    The maintenance rate of an account is its requirement over its notional: exact where one rate holds for all its positions. Betas are
    those of each market's mark on the notional-weighted mean of all, block by block before the snapshot; 1 where too few blocks moved."""
    notional, account = rows["notional_usd"].to_numpy(), _accounts(rows)
    first = np.unique(account, return_index=True)[1]
    equity, requirement = (rows[name].to_numpy().astype(np.float64)[first] for name in ("equity_usd", "requirement_usd"))
    held = np.bincount(account, weights=notional)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(held > 0, requirement / held, 0.0)
    legs = Legs(
        account, rows["side"].to_numpy().astype(np.int64), rows["size_base"].to_numpy(), rows["mark_price_usd"].to_numpy(), rate[account]
    )
    betas = _betas(lake, rows, at)
    slope = np.array([betas[market] for market in rows["market"].to_pylist()])
    return market_shock(equity, legs, slope), betas


def _accounts(rows: pa.Table) -> Ints:
    names = np.array([f"{row['chain_id']} {row['venue']} {row['account']}" for row in rows.select(AccountKey._fields).to_pylist()])
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _betas(lake: duckdb.DuckDBPyConnection, rows: pa.Table, at: datetime) -> dict[str, float]:
    markets = sorted(set(rows["market"].to_pylist()))
    plain = dict.fromkeys(markets, 1.0)
    venues = rows.group_by(["chain_id", "venue"]).aggregate([]).to_pylist()
    if len(markets) < 2 or len(venues) > 1 or not has_view(lake, "stg_keeper_market_state"):
        return plain
    moves = lake.execute(mart("mark_moves"), {"at": at, "most": _MOST_BLOCKS} | venues[0]).to_arrow_table()
    if set(markets) - set(moves["market"].to_pylist()):
        return plain
    blocks, place = np.unique(moves["block_number"].to_numpy(), return_inverse=True)
    returns = np.zeros((len(blocks), len(markets)))
    column = {market: i for i, market in enumerate(markets)}
    for row, market, move in zip(place.tolist(), moves["market"].to_pylist(), moves["move"].to_pylist(), strict=True):
        if market in column:
            returns[row, column[market]] = move
    weights = np.array(
        [float(np.sum(rows["notional_usd"].to_numpy()[np.array(rows["market"].to_pylist()) == market])) for market in markets]
    )
    common = returns @ (weights / weights.sum())
    if (common != 0).sum() < _LEAST_MOVES:
        return plain
    return dict(zip(markets, ewma_betas(returns, common, _HALF_LIFE).tolist(), strict=True))
