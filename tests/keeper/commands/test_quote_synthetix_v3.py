"""`keeper quote` and `keeper positions` on the real contracts of Synthetix Perps V3."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet import write_config
from contracts.devnet.price_service import price_service
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.views import account_views
from tests.contracts.synthetix_v3.bench import Bench
from tests.keeper.commands.conftest import Cli

pytestmark = pytest.mark.fork

_PRECISION = 10**6
_UNIT_X18 = 10**10
"""Pyth's prices have 8 decimals here."""
_FEWEST = 6


def _json(keeper: Cli, config: Path, *arguments: object) -> dict[str, Any]:
    result = keeper(*arguments, "--config", config, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def _quote(keeper: Cli, config: Path, market: str, size: float, leverage: object) -> dict[str, Any]:
    side = ("--side", "long" if size > 0 else "short")
    return _json(keeper, config, "quote", "synthetix_v3", "--market", market, *side, "--size", abs(size), "--leverage", leverage)


def _position(keeper: Cli, config: Path, account_id: int) -> dict[str, Any]:
    accounts = _json(keeper, config, "positions")["accounts"]
    (position,) = next(row for row in accounts if row["account"] == str(account_id))["positions"]
    return dict(position)


@pytest.mark.parametrize(("market", "size", "leverage"), [("ETH", 6, 3), ("ETH", -9, 2.5), ("BTC", 0.4, 2), ("BTC", -0.25, 3)])
def test_the_contract_flips_where_the_quote_says(
    keeper: Cli, synthetix_config: Path, synthetix_devnet: SynthetixDevnet, market: str, size: float, leverage: float
) -> None:
    """The very position is opened: fill, equity and liquidation price are those of the quote, and of `positions`."""
    quote = _quote(keeper, synthetix_config, market, size, leverage)
    price_x18 = int(quote["liquidation_price_raw"])
    with Bench(synthetix_devnet) as bench:
        bench.open_account(int(quote["margin_raw"]))
        bench.trade(market, int(quote["size_raw"]))
        position = _position(keeper, synthetix_config, bench.trader.account_id)
        entry_x18 = -int(position["open_notional_raw"]) * 10**18 // int(quote["size_raw"])
        assert entry_x18 == pytest.approx(int(quote["entry_price_raw"]), rel=1e-15)
        assert bench.view.available_margin_18 == pytest.approx(int(quote["equity_raw"]), rel=1e-8)
        assert bench.view.maintenance_requirement_18 == pytest.approx(int(quote["requirement_raw"]), rel=1e-8)
        assert int(position["liquidation_price_raw"]) == pytest.approx(price_x18, rel=1e-7)
        for offset in (-1, 1):
            bench.move(market, (price_x18 + offset * price_x18 // _PRECISION) // _UNIT_X18)
            assert bench.view.liquidatable == ((size > 0) == (offset < 0)), offset


def test_the_contract_flips_where_positions_says(keeper: Cli, synthetix_config: Path, synthetix_devnet: SynthetixDevnet) -> None:
    """Everybody near, with positions elsewhere or a synth as margin, at one and the same time."""
    deployment = synthetix_devnet.deployment
    styles = {trader.account_id: trader.style for trader in deployment.traders}
    flips = Counter[str]()
    start_8 = deployment.market("ETH").start_price_8
    with Bench(synthetix_devnet) as bench:
        prices = _prices_after(bench, keeper, synthetix_config, start_8)
        for account_id, price_x18 in prices.items():
            if not 0.1 < price_x18 / _UNIT_X18 / start_8 < 4:
                continue
            sides = []
            for offset in (-1, 1):
                with _block(bench, (price_x18 + offset * price_x18 // _PRECISION) // _UNIT_X18):
                    sides.append(account_views(synthetix_devnet.rpc, deployment, [account_id])[account_id].liquidatable)
            assert sides in ([True, False], [False, True]), account_id
            flips[styles[account_id]] += 1
    assert flips.total() >= _FEWEST, prices
    assert {"taker", "both", "collateral"} <= flips.keys()


def _prices_after(bench: Bench, keeper: Cli, config: Path, price_8: int) -> dict[int, int]:
    """Liquidation prices of ETH by account in the next block, where it has this price."""
    with _block(bench, price_8):
        accounts = _json(keeper, config, "positions")["accounts"]
    mine = {row["account"]: one for row in accounts for one in row["positions"] if one["market"] == "ETH"}
    return {int(account): int(one["liquidation_price_raw"] or 0) for account, one in mine.items()}


@contextmanager
def _block(bench: Bench, price_8: int) -> Iterator[None]:
    """Within, there is one more block, with this price of ETH; always at the same time."""
    rpc, now = bench.devnet.rpc, bench.chain.now
    snapshot = rpc.call("evm_snapshot")
    bench.move("ETH", price_8)
    yield
    assert rpc.call("evm_revert", snapshot)
    bench.chain.now = now


def test_the_order_of_the_highest_leverage_it_names_is_taken_by_the_contract(
    keeper: Cli, synthetix_config: Path, synthetix_devnet: SynthetixDevnet
) -> None:
    arguments = ("quote", "synthetix_v3", "--config", synthetix_config, "--market", "ETH", "--side", "long", "--size", 6, "--leverage")
    refusal = keeper(*arguments, 50)
    assert refusal.exit_code == 2
    highest = float(refusal.stderr.partition("A leverage of at most ")[2].split()[0])
    assert keeper(*arguments, highest + 0.001).exit_code == 2
    quote = _quote(keeper, synthetix_config, "ETH", 6, highest)
    with Bench(synthetix_devnet) as bench:
        bench.open_account(int(quote["margin_raw"]))
        market_id = synthetix_devnet.deployment.market("ETH").market_id
        order = (bench.trader.account_id, market_id, int(quote["size_raw"]))
        (required_18,) = bench.ask("requiredMarginForOrder(uint128,uint128,int128)", ("uint256",), *order)
        assert 0 <= int(quote["margin_raw"]) - required_18 <= required_18 // 100, "the rest is the fill against the price"
        bench.trade("ETH", int(quote["size_raw"]))


def test_where_the_chains_price_is_too_old_the_newest_signed_one_counts(
    keeper: Cli, synthetix_devnet: SynthetixDevnet, tmp_path: Path
) -> None:
    """Nobody has brought a price for an hour. The price service has a fresh one, which the position's opening would bring."""
    devnet, path = synthetix_devnet, tmp_path / "keeper.toml"
    start_8 = devnet.deployment.market("ETH").start_price_8
    with Bench(devnet) as bench, price_service(devnet.pythnet) as url:
        write_config(devnet.deployment, path, url=devnet.url, ws_url=None, mode="observe", lake_dir=tmp_path / "lake", price_service=url)
        number = bench.mine(seconds=int(time.time()) - bench.chain.now - 5)
        arguments = ("--market", "ETH", "--side", "long", "--size", 6, "--leverage", 3)
        at_block = keeper("quote", "synthetix_v3", "--config", path, *arguments, "--block", number - 1)
        bench.publish({"ETH": start_8 * 9 // 10}, int(time.time()))
        quote = _quote(keeper, path, "ETH", 6, 3)
        words = keeper("quote", "synthetix_v3", "--config", path, *arguments).stdout
    assert quote["signed_prices"] is True
    assert int(quote["mark_price_raw"]) == pytest.approx(start_8 * 9 * _UNIT_X18 // 10, rel=1e-3)
    assert "which are not on the chain yet" in words
    assert at_block.exit_code == 0
    assert "not on the chain yet" not in at_block.stdout


def test_the_parts_are_named(keeper: Cli, synthetix_config: Path) -> None:
    factors = {one["name"]: one for one in _quote(keeper, synthetix_config, "ETH", 6, 3)["risk_factors"]}
    assert list(factors) == ["snxUSD margin", "price of ETH", "funding of ETH", "interest on ETH", "reward of the keeper"]
    assert int(factors["interest on ETH"]["per_day_raw"]) < 0 < factors["interest on ETH"]["liquidation_price_per_day"]
