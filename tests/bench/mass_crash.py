"""`python -m tests.bench.mass_crash`: a crash at a real chain's pace, in which hundreds of accounts are liquidatable at once. How late the
keeper is, what it misses and how many of its transactions revert. Asserts nothing; takes about four minutes and 2 cores."""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from contracts.demo.programs import Keeper, query, running_keeper
from contracts.demo.referee import Referee
from contracts.demo.spread import Spread, spread
from contracts.devnet import PATHS, AnvilOptions, Devnet, play, write_config
from contracts.devnet.chain import TRADE_GAS, Chain
from contracts.devnet.roles import BASE_MAKER

_SETTINGS = {"PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0"}
"""Nobody is too small: what is left over would count as missed."""
_SLOTS_IN_EPOCH = 8
_ORDER = ("(uint128,int24,int24,uint256,int256,int256,int256,uint256,uint256)",)
_REMOVE = "removeLiquidity((address,int24,int24,uint128,uint256,uint256,uint256))"
_TAIL_SECONDS = 60
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the run came to. An attempt is for one account, a transaction carries several; `reverted` are attempts. `reverts` counts
    reasons, `skips` every reason a candidate was left alone for, at any stage."""

    traders: int
    blocks: int
    breached: int
    liquidations: int
    transactions: int
    attempts: int
    reverted: int
    missed: int
    blocks_late: Spread
    reverts: dict[str, int]
    skips: dict[str, int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; prints the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.mass_crash", description=__doc__)
    parser.add_argument("--traders", type=int, default=432)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--path", default="crash")
    parser.add_argument("--interval", type=float, default=2.0, help="wall seconds per block")
    parser.add_argument("--block-seconds", type=int, default=2, help="chain seconds per block")
    parser.add_argument("--depth", type=int, default=100, help="percent of the usual liquidity left in the pools when prices begin to fall")
    parser.add_argument("--dir", type=Path, default=Path("var/mass-crash"))
    choices = parser.parse_args(arguments)
    choices.dir.mkdir(parents=True, exist_ok=True)
    options = AnvilOptions(no_mining=True, slots_in_epoch=_SLOTS_IN_EPOCH)
    with Devnet.up(options, seed=choices.seed, traders=choices.traders) as devnet:
        thin(devnet, choices.depth)
        blocks = _run(devnet, choices)
        figures = _figures(devnet, choices.dir / "lake", blocks)
    Console().print_json(json.dumps(asdict(figures)))
    return 0


def thin(devnet: Devnet, percent: int) -> None:
    """The base maker takes out all but `percent` of his liquidity."""
    core, maker = devnet.deployment.core, BASE_MAKER
    chain = Chain.at_head(devnet.rpc)
    devnet.rpc.call("anvil_impersonateAccount", maker)
    for market in devnet.deployment.markets:
        (ids,) = chain.view(core.order_book, "getOpenOrderIds(address,address)", ("bytes32[]",), maker, market.base)
        for order_id in ids:
            liquidity, lower, upper, *_ = chain.view(core.order_book, "getOpenOrderById(bytes32)", _ORDER, order_id)[0]
            change = (market.base, lower, upper, liquidity * (100 - percent) // 100, 0, 0, 2**256 - 1)
            chain.send(maker, core.clearing_house, _REMOVE, change, gas=TRADE_GAS)
    chain.mine(chain.now + 1)


def _run(devnet: Devnet, choices: argparse.Namespace) -> range:
    """The blocks of the crash, a keeper executing in them."""
    directory, seconds = choices.dir, choices.block_seconds
    config = directory / "keeper.toml"
    write_config(
        devnet.deployment,
        config,
        url=devnet.url,
        ws_url=devnet.anvil.ws_url,
        mode="execute",
        lake_dir=directory / "lake",
        block_seconds=seconds,
        finality_depth=2 * _SLOTS_IN_EPOCH,
    )
    moves = PATHS[choices.path](devnet.deployment.start_prices_8(), devnet.deployment.seed)
    with running_keeper(config, directory / "keeper.log", settings=_SETTINGS) as keeper:
        _follow(devnet, keeper, seconds)
        first = _head(devnet) + 1
        play(devnet.url, devnet.deployment, moves, block_seconds=seconds, wall_interval=choices.interval, tail_seconds=_TAIL_SECONDS)
        _follow(devnet, keeper, None)
        keeper.stop()
    return range(first, _head(devnet) + 1)


def _follow(devnet: Devnet, keeper: Keeper, seconds: int | None) -> None:
    """Until the keeper has finished the newest block. One that has just started has nothing to finish before the next: blocks of so many
    `seconds` are mined for it."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while keeper.metrics().get("keeper_head_block", 0) < _head(devnet):
        keeper.must_run()
        if time.monotonic() > deadline:
            raise TimeoutError(f"the keeper did not reach block {_head(devnet)}")
        if seconds:
            play(devnet.url, devnet.deployment, (), block_seconds=seconds, wall_interval=0.1, tail_seconds=seconds)
        time.sleep(0.5)


def _head(devnet: Devnet) -> int:
    return int(devnet.rpc.call("eth_blockNumber"), 16)


def _figures(devnet: Devnet, lake: Path, blocks: range) -> Figures:
    ledger, liquidations = Referee(devnet.url, devnet.deployment).judge(blocks, _nothing), _liquidated(lake)
    outcomes = query(lake, "select outcome, reason, transaction_hash from outcomes")
    reverted = [row["reason"] for row in outcomes if row["outcome"] in ("reverted", "outbid")]
    skips = query(lake, "select reason, count(*) as n from decisions where reason is not null group by all order by n desc")
    return Figures(
        traders=len(devnet.deployment.traders),
        blocks=len(blocks),
        breached=len(ledger.breached),
        liquidations=sum(len(numbers) for numbers in liquidations.values()),
        transactions=len({row["transaction_hash"] for row in outcomes}),
        attempts=len(outcomes),
        reverted=len(reverted),
        missed=len(ledger.missed(liquidations)),
        blocks_late=spread(ledger.lateness(liquidations)),
        reverts=dict(Counter(str(reason).partition("(")[0] for reason in reverted)),
        skips={row["reason"]: row["n"] for row in skips},
    )


def _liquidated(lake: Path) -> dict[str, list[int]]:
    """By account the blocks in which the keeper liquidated its positions."""
    sql = "select account, block_number from liquidations where ours and kind = 'positions' order by block_number"
    blocks: dict[str, list[int]] = {}
    for row in query(lake, sql):
        blocks.setdefault(row["account"], []).append(row["block_number"])
    return blocks


def _nothing() -> None:
    """The referee's progress is nobody's business here."""


if __name__ == "__main__":
    raise SystemExit(main())
