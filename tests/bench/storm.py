"""`python -m tests.bench.storm`: hundreds of accounts breached in one block, on a chain whose blocks and transactions are as small as real
ones. In how many blocks one key liquidates them all, beside the floor: the gas they took over a block's limit. Asserts nothing; takes about
five minutes and 2 cores."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from scipy.stats import spearmanr

from contracts.demo.ledger import Ledger
from contracts.demo.programs import query, running_keeper
from contracts.demo.referee import Referee
from contracts.demo.spread import Spread, spread
from contracts.devnet import AnvilOptions, Devnet, MarketDriver, write_config
from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.crowd import draw_crowd, fall

_SETTINGS = {"PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0"}
_SLOTS_IN_EPOCH = 8
_MARK_SECONDS = 16
"""The mark follows the pools within 15 s: one block so much later than the fall has all of it."""
_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What a storm is made of: traders, the gas a block may hold, wall seconds per block, blocks that are played after the breach."""

    traders: int = 500
    block_gas: int = 60_000_000
    interval: float = 2.0
    blocks: int = 40
    block_seconds: int = 2
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Figures:
    """What it came to. `blocks`: from the one in which all were breached to the first in which nobody is liquidatable, None where that was
    not reached; `floor_blocks`: those that all the gas used by our transactions fills. `order`: Spearman's correlation between the profit
    an account promised and the block it was liquidated in: -1 is the most valuable first. `largest_gas_limit`: of one transaction."""

    traders: int
    breached: int
    left: int
    blocks: int | None
    floor_blocks: float
    gas_used: int
    gas_of_a_liquidation: int
    transactions: int
    accounts_per_transaction: Spread
    largest_gas_limit: int
    outcomes: dict[str, int]
    blocks_late: Spread
    order: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.storm", description=__doc__)
    usual = Weather()
    parser.add_argument("--traders", type=int, default=usual.traders)
    parser.add_argument("--block-gas", type=int, default=usual.block_gas)
    parser.add_argument("--interval", type=float, default=usual.interval, help="wall seconds per block")
    parser.add_argument("--blocks", type=int, default=usual.blocks, help="blocks played after the breach")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--dir", type=Path, default=Path("var/storm"))
    choices = vars(parser.parse_args(arguments))
    directory: Path = choices.pop("dir")
    Console().print_json(json.dumps(asdict(storm(Weather(**choices), directory))))
    return 0


def storm(weather: Weather, directory: Path) -> Figures:
    """Plays it on a devnet of its own, a keeper executing in it; `directory` must be new."""
    directory.mkdir(parents=True, exist_ok=True)
    options = AnvilOptions(no_mining=True, slots_in_epoch=_SLOTS_IN_EPOCH, cap_transactions=True)
    with Devnet.up(options, seed=weather.seed, traders=weather.traders, draw=draw_crowd) as devnet:
        devnet.rpc.call("evm_setBlockGasLimit", hex(weather.block_gas))
        breach = _play(devnet, weather, directory)
        return _figures(devnet, weather, directory / "lake", breach)


def _play(devnet: Devnet, weather: Weather, directory: Path) -> int:
    """The block in which all are breached."""
    config = directory / "keeper.toml"
    write_config(
        devnet.deployment,
        config,
        url=devnet.url,
        ws_url=devnet.anvil.ws_url,
        mode="execute",
        lake_dir=directory / "lake",
        block_seconds=weather.block_seconds,
        finality_depth=2 * _SLOTS_IN_EPOCH,
    )
    with (
        MarketDriver(devnet.url, devnet.deployment) as driver,
        running_keeper(config, directory / "keeper.log", settings=_SETTINGS) as keeper,
    ):
        deadline = time.monotonic() + _WAIT_SECONDS
        while keeper.metrics().get("keeper_head_block", 0) < _head(devnet):
            keeper.must_run()
            if time.monotonic() > deadline:
                raise TimeoutError(f"the keeper did not reach block {_head(devnet)}")
            driver.step({}, driver.head_time() + weather.block_seconds, BASE_FEE)
            time.sleep(0.5)
        prices_8 = {move.market: move.price_8 for move in fall(devnet.deployment.start_prices_8())}
        driver.step(prices_8, driver.head_time() + weather.block_seconds, BASE_FEE)
        breach = driver.step({}, driver.head_time() + _MARK_SECONDS, BASE_FEE).number
        due = time.monotonic()
        for _ in range(weather.blocks):
            due = max(due + weather.interval, time.monotonic())
            time.sleep(due - time.monotonic())
            driver.step({}, driver.head_time() + weather.block_seconds, BASE_FEE)
        keeper.stop()
    return breach


def _head(devnet: Devnet) -> int:
    return int(devnet.rpc.call("eth_blockNumber"), 16)


def _figures(devnet: Devnet, weather: Weather, lake: Path, breach: int) -> Figures:
    blocks = range(breach, _head(devnet) + 1)
    ledger = Referee(devnet.url, devnet.deployment).judge(blocks, _nothing)
    outcomes = query(lake, "select candidate_id, transaction_hash, outcome, block_number, gas_used from outcomes")
    limits = query(lake, "select max(gas_limit) as gas, count(distinct transaction_hash) as n from attempts")[0]
    profits = query(lake, "select candidate_id, expected_profit_usd as usd from decisions where stage = 'decide' and reason is null")
    liquidations = query(lake, "select account, block_number from liquidations where ours and kind = 'positions' order by block_number")
    gas_used = sum(row["gas_used"] for row in outcomes)
    included = [row for row in outcomes if row["outcome"] == "included"]
    sizes = [sum(row["transaction_hash"] == name for row in outcomes) for name in {row["transaction_hash"] for row in outcomes}]
    open_at = _open(ledger)
    return Figures(
        traders=weather.traders,
        breached=open_at.get(breach, 0),
        left=open_at.get(blocks[-1], 0),
        blocks=next((number - breach for number in blocks if not open_at.get(number)), None),
        floor_blocks=round(gas_used / weather.block_gas, 1),
        gas_used=gas_used,
        gas_of_a_liquidation=sum(row["gas_used"] for row in included) // max(len(included), 1),
        transactions=limits["n"],
        accounts_per_transaction=spread(sizes),
        largest_gas_limit=limits["gas"] or 0,
        outcomes={name: sum(row["outcome"] == name for row in outcomes) for name in sorted({row["outcome"] for row in outcomes})},
        blocks_late=spread(ledger.lateness(_by_account(liquidations))),
        order=_order({row["candidate_id"]: row["usd"] for row in profits}, {row["candidate_id"]: row["block_number"] for row in included}),
    )


def _open(ledger: Ledger) -> dict[int, int]:
    """How many accounts were liquidatable at the end of each block."""
    counts: dict[int, int] = {}
    for blocks in ledger.breached.values():
        for number in blocks:
            counts[number] = counts.get(number, 0) + 1
    return counts


def _by_account(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    blocks: dict[str, list[int]] = {}
    for row in rows:
        blocks.setdefault(row["account"], []).append(row["block_number"])
    return blocks


def _order(profits: dict[str, float], blocks: dict[str, int]) -> float:
    names = sorted(profits.keys() & blocks.keys())
    if len({blocks[name] for name in names}) < 2:
        return 0.0
    return round(float(spearmanr(np.array([profits[name] for name in names]), np.array([blocks[name] for name in names])).statistic), 3)


def _nothing() -> None:
    """The referee's progress is nobody's business here."""


if __name__ == "__main__":
    raise SystemExit(main())
