"""`keeper quote` and `keeper positions` on the real contracts of Perp V2: the price they tell is the one at which the contract flips."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet import Devnet, MarketDriver, account_views
from contracts.devnet.calldata import calldata
from contracts.devnet.views import mark_price_18
from tests.keeper.commands.conftest import Cli
from tests.keeper.venues.perp_v2.random_traders import MAX, RandomTraders

pytestmark = pytest.mark.fork

_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_LARGE = 1_500
"""ETH that go through several makers' ranges."""
_HEALTHY, _HAS_ORDERS = "CH_EAV", "CH_CLWTISO"
"""What ClearingHouse.liquidate reverts with."""
_PRECISION = 10**9
_INDEX_UNIT_X18 = 10**10
"""The feed's prices have 8 decimals."""
_FEWEST = 3


@dataclass(slots=True)
class Stage:
    """A devnet on which funding stands still, and the mark of ETH is what the index makes it: the short TWAP has arrived at a target and
    the long one is still far from it."""

    devnet: Devnet
    traders: RandomTraders

    @classmethod
    def on(cls, devnet: Devnet) -> Stage:
        stage = cls(devnet, RandomTraders.on(devnet, seed=1, people=1))
        core = devnet.deployment.core
        stage.traders.send(devnet.deployment.owner, core.clearing_house_config, "setMaxFundingRate(uint24)", 0)
        stage.traders.mine(1)
        return stage

    @property
    def head(self) -> dict[str, Any]:
        block: dict[str, Any] = self.devnet.rpc.call("eth_getBlockByNumber", "latest", False)
        return block

    def open(self, size_x18: int, margin_x18: int) -> str:
        """A position in ETH of a new account; returns its address."""
        is_long = size_x18 > 0
        deployment, trader, margin_raw = self.devnet.deployment, "0x" + "5a" * 20, margin_x18 // 10**12
        self.devnet.rpc.call("anvil_setBalance", trader, hex(10**20))
        self.traders.send(trader, deployment.usdc, "mint(address,uint256)", trader, margin_raw)
        self.traders.send(trader, deployment.usdc, "approve(address,uint256)", deployment.core.vault, MAX)
        self.traders.send(trader, deployment.core.vault, "deposit(address,uint256)", deployment.usdc, margin_raw)
        arguments = (deployment.market("ETH").base, not is_long, not is_long, abs(size_x18), 0, MAX, 0, bytes(32))
        self.traders.send(trader, deployment.core.clearing_house, _OPEN, arguments)
        self.traders.mine(1)
        assert [receipt["status"] for receipt in self.traders.receipts()] == ["0x1"] * 4
        return trader

    def move(self, price_x18: int) -> None:
        """The spot and the short TWAP go there."""
        with MarketDriver(self.devnet.url, self.devnet.deployment) as driver:
            driver.move("ETH", price_x18 // _INDEX_UNIT_X18)

    @contextmanager
    def index(self, price_x18: int) -> Iterator[int]:
        """Within, the newest block, 2 s after the one of before, has this index; gives its mark."""
        feed, owner = self.devnet.deployment.market("ETH").price, self.devnet.deployment.owner
        snapshot = self.devnet.rpc.call("evm_snapshot")
        self.traders.send(owner, feed.aggregator, "setAnswer(int256)", price_x18 // _INDEX_UNIT_X18)
        self.traders.send(owner, feed.feed, "update()")
        self.traders.mine(2)
        yield mark_price_18(self.devnet.rpc, self.devnet.deployment, "ETH")
        assert self.devnet.rpc.call("evm_revert", snapshot)

    @contextmanager
    def mark(self, price_x18: int, guess_x18: int) -> Iterator[None]:
        """Within, the mark is the price to the feed's last digit."""
        with self.index(guess_x18) as mark_x18:
            premium_x18 = mark_x18 - guess_x18 // _INDEX_UNIT_X18 * _INDEX_UNIT_X18
        with self.index(price_x18 - premium_x18) as mark_x18:
            assert abs(mark_x18 - price_x18) <= _INDEX_UNIT_X18
            yield

    def is_liquidatable(self, trader: str) -> bool:
        """By the views, and by trying to, which must agree; a maker's orders would have to be cancelled first."""
        deployment, block = self.devnet.deployment, self.head["hash"]
        view = account_views(self.devnet.rpc, deployment, [trader], block, collateral=False)[trader]
        data = calldata("liquidate(address,address)", trader, deployment.market("ETH").base)
        call = {"from": deployment.base_maker, "to": deployment.core.clearing_house, "data": data}
        (answer,) = self.devnet.rpc.attempt([("eth_call", [call, {"blockHash": block}])])
        assert _HAS_ORDERS in str(answer) or (_HEALTHY not in str(answer)) == view.liquidatable
        return view.liquidatable


def _positions(keeper: Cli, config: Path, market: str = "ETH") -> dict[str, dict[str, Any]]:
    """By account, its position in the market."""
    accounts = json.loads(keeper("positions", "--config", config, "--json").stdout)["accounts"]
    return {row["account"]: one for row in accounts for one in row["positions"] if one["market"] == market}


def _quote(keeper: Cli, config: Path, *, side: str = "long", size: object = 8, leverage: object = 9) -> dict[str, Any]:
    order = ("--market", "ETH", "--side", side, "--size", size, "--leverage", leverage)
    result = keeper("quote", "perp_v2", "--config", config, *order, "--json")
    assert result.exit_code == 0, result.stderr
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.mark.parametrize(("side", "leverage"), [("long", 9), ("long", 4.5), ("short", 9)])
def test_the_contract_flips_where_the_quote_says(keeper: Cli, config: Path, devnet: Devnet, side: str, leverage: float) -> None:
    """The very position is opened: the fill, the equity and the liquidation price are those of the quote."""
    stage, is_long = Stage.on(devnet), side == "long"
    quote = _quote(keeper, config, side=side, leverage=leverage)
    price_x18 = int(quote["liquidation_price_raw"])
    trader = stage.open(int(quote["size_raw"]), int(quote["margin_raw"]))
    _is_as_quoted(_positions(keeper, config)[trader], quote)
    stage.move(price_x18 * (99 if is_long else 101) // 100)
    for offset in (-1, 1):
        with stage.mark(price_x18 + offset * price_x18 // _PRECISION, price_x18):
            assert stage.is_liquidatable(trader) == (is_long == (offset < 0))


def _is_as_quoted(position: dict[str, Any], quote: dict[str, Any]) -> None:
    entry_x18 = -int(position["open_notional_raw"]) * 10**18 // int(quote["size_raw"])
    assert entry_x18 == pytest.approx(int(quote["entry_price_raw"]), rel=1e-15)
    assert int(position["liquidation_price_raw"]) == pytest.approx(int(quote["liquidation_price_raw"]), rel=1e-12)


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_trade_across_the_ranges_of_makers_is_filled_as_quoted(keeper: Cli, config: Path, devnet: Devnet, side: str) -> None:
    stage = Stage.on(devnet)
    quote = _quote(keeper, config, side=side, size=_LARGE, leverage=2)
    before = _liquidity(devnet)
    trader = stage.open(int(quote["size_raw"]), int(quote["margin_raw"]))
    assert _liquidity(devnet) != before, "it stayed within one range"
    _is_as_quoted(_positions(keeper, config)[trader], quote)


def _liquidity(devnet: Devnet) -> str:
    """Of the range the pool's price is in."""
    call = {"to": devnet.deployment.market("ETH").pool, "data": calldata("liquidity()")}
    answer: str = devnet.rpc.call("eth_call", call, "latest")
    return answer


def test_the_contract_flips_where_positions_says(keeper: Cli, config: Path, devnet: Devnet) -> None:
    """Everybody whose price lies between both TWAPs after a fall, with positions elsewhere, other collateral or orders."""
    stage = Stage.on(devnet)
    start_x18 = mark_price_18(devnet.rpc, devnet.deployment, "ETH")
    low_x18 = start_x18 * 85 // 100
    stage.move(low_x18)
    with stage.index(start_x18) as high_x18:
        pass
    with stage.index(start_x18 * 92 // 100):
        prices = {account: int(one["liquidation_price_raw"] or 0) for account, one in _positions(keeper, config).items()}
    between = {account: price for account, price in prices.items() if low_x18 * 101 // 100 < price < high_x18 * 99 // 100}
    assert len(between) >= _FEWEST, prices
    for account, price_x18 in between.items():
        sides = []
        for offset in (-1, 1):
            with stage.mark(price_x18 + offset * price_x18 // _PRECISION, price_x18):
                sides.append(stage.is_liquidatable(account))
        assert sides in ([True, False], [False, True]), account


def test_the_table_says_what_moves_it(keeper: Cli, config: Path) -> None:
    result = keeper("quote", "perp_v2", "--config", config, "--market", "ETH", "--side", "short", "--size", "2.5", "--leverage", "5")
    assert result.exit_code == 0, result.stderr
    for words in ("-2.5 ETH at a leverage of 5", "% from the mark", "settlement margin", "price of ETH", "funding of ETH"):
        assert words in result.stdout


def test_who_cannot_be_liquidated_is_told_so(keeper: Cli, config: Path) -> None:
    result = keeper("quote", "perp_v2", "--config", config, "--market", "ETH", "--side", "long", "--size", "1", "--leverage", "0.5")
    assert "no price of this market liquidates it" in result.stdout


def test_an_older_block_is_quoted_at_its_own_price(keeper: Cli, config: Path, devnet: Devnet) -> None:
    before, number = _quote(keeper, config), int(devnet.rpc.call("eth_blockNumber"), 16)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", devnet.deployment.market("ETH").start_price_8 * 95 // 100)
    order = ("--market", "ETH", "--side", "long", "--size", 8, "--leverage", 9)
    assert json.loads(keeper("quote", "perp_v2", "--config", config, *order, "--json", "--block", number).stdout) == before
    assert _quote(keeper, config)["mark_price_raw"] != before["mark_price_raw"]


def test_the_highest_leverage_it_names_opens_and_a_little_more_does_not(keeper: Cli, config: Path) -> None:
    """The contract asks for 10 % of initial margin after the costs of opening."""
    arguments = ("--market", "ETH", "--side", "long", "--size", 8, "--leverage", 10)
    refusal = keeper("quote", "perp_v2", "--config", config, *arguments)
    assert refusal.exit_code == 2
    highest = float(refusal.stderr.partition("A leverage of at most ")[2].split()[0])
    assert 9 < highest < 10
    assert _quote(keeper, config, leverage=highest)["breach"] is None
    assert keeper("quote", "perp_v2", "--config", config, *arguments[:-1], highest + 0.001).exit_code == 2


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (("DOGE", "long", "1", "2"), "--market DOGE: perp_v2 has no such market. It has BTC, ETH."),
        (("ETH", "long", "0", "2"), "--size 0: give a number above 0"),
        (("ETH", "long", "many", "2"), "--size many: give a number above 0"),
        (("ETH", "long", "1", "-3"), "--leverage -3: give a number above 0"),
        (("ETH", "long", "9000", "2"), "ETH: the trade moves the pool"),
        (("ETH", "long", "1e9", "2"), "the pool of ETH does not hold as much"),
        (("ETH", "up", "1", "2"), "--side"),
    ],
)
def test_what_cannot_be_opened_ends_with_2_and_says_why(keeper: Cli, config: Path, order: tuple[str, ...], words: str) -> None:
    arguments = [one for pair in zip(("--market", "--side", "--size", "--leverage"), order, strict=True) for one in pair]
    result = keeper("quote", "perp_v2", "--config", config, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
