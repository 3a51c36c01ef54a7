"""The executor the devnet places: its rules are the venue's own list, and what it values itself at is settled cash and the index."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain
from contracts.devnet.devnet import Devnet
from contracts.devnet.executor import VENUE
from contracts.devnet.market import MarketDriver
from contracts.devnet.pricing import sqrt_price_x96
from contracts.devnet.trading import deposit, trade_to
from keeper.domain.fixed import X18
from keeper.domain.parse import address
from keeper.execution.ownership import rules_hash, set_venue
from tests.keeper.venues.perp_v2.exchanges import rules_of
from tests.keeper.venues.perp_v2.ledger import Ledger

pytestmark = pytest.mark.fork


def _view(devnet: Devnet, to: str, signature: str, types: tuple[str, ...], *arguments: object) -> tuple[Any, ...]:
    return returned(types, devnet.rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest"))


def _valuation(devnet: Devnet, account: str) -> tuple[int, int, int]:
    total, equity, exposure = _view(devnet, devnet.deployment.valuer, "valuation(address)", ("int256", "int256", "uint256"), account)
    return total, equity, exposure


def test_the_devnets_rules_are_the_venues(devnet: Devnet) -> None:
    deployment = devnet.deployment
    ledger = Ledger.start(devnet.rpc, deployment, deployment.start_block)
    valuer, _, allowed = _view(devnet, deployment.executor, "venues(bytes32)", ("address", "uint64", "bytes32"), VENUE)
    assert address(valuer) == address(deployment.valuer)
    assert allowed == rules_hash(rules_of(ledger, deployment))
    for data, answer in ledger.venue.valuer(ledger.book).answers:
        assert devnet.rpc.call("eth_call", {"to": valuer, "data": "0x" + data.hex()}, "latest") == "0x" + answer.hex()


def test_the_owner_can_set_the_same_list_again(devnet: Devnet) -> None:
    """The encoding of the keeper's own list is one the contract reads, and gives the same hash."""
    deployment = devnet.deployment
    ledger = Ledger.start(devnet.rpc, deployment, deployment.start_block)
    rules = rules_of(ledger, deployment)
    data = set_venue(address(deployment.executor), "perp_v2", address(deployment.valuer), rules).data
    devnet.rpc.call(
        "eth_sendTransaction",
        {"from": deployment.executor_owner, "to": deployment.executor, "data": "0x" + data.hex(), "gas": hex(5_000_000)},
    )
    devnet.rpc.call("evm_mine")
    _, version, allowed = _view(devnet, deployment.executor, "venues(bytes32)", ("address", "uint64", "bytes32"), VENUE)
    assert (version, allowed) == (2, rules_hash(rules))


def test_an_account_is_worth_its_cash_and_its_positions_at_the_index(devnet: Devnet) -> None:
    """Computed by hand from the venue's views, for everybody with a position and for the executor."""
    deployment, core = devnet.deployment, devnet.deployment.core
    with MarketDriver(devnet.url, deployment) as driver:
        driver.move("ETH", deployment.market("ETH").start_price_8 * 97 // 100)
    takers = [trader.address for trader in deployment.traders if trader.style in ("taker", "collateral") and trader.positions]
    assert len(takers) > 5
    for account in (*takers, deployment.executor):
        owed, _, _ = _view(devnet, core.account_balance, "getPnlAndPendingFee(address)", ("int256", "int256", "uint256"), account)
        (funding,) = _view(devnet, core.exchange, "getAllPendingFundingPayment(address)", ("int256",), account)
        (balance,) = _view(devnet, core.vault, "getBalance(address)", ("int256",), account)
        equity, exposure = balance * 10**12 + owed - funding, 0
        for market in deployment.markets:
            (size,) = _view(devnet, core.account_balance, "getTakerPositionSize(address,address)", ("int256",), account, market.base)
            (quote,) = _view(devnet, core.account_balance, "getTakerOpenNotional(address,address)", ("int256",), account, market.base)
            (index_8,) = _view(devnet, market.aggregator, "latestAnswer()", ("int256",))
            equity += size * index_8 // 10**8 + quote
            exposure += abs(size) * index_8 // 10**8
        total = equity + _view(devnet, deployment.usdc, "balanceOf(address)", ("uint256",), account)[0] * 10**12
        for item in deployment.collaterals:
            (price_8,) = _view(devnet, item.price.aggregator, "latestAnswer()", ("int256",))
            amount = _view(devnet, item.token, "balanceOf(address)", ("uint256",), account)[0]
            amount += _view(devnet, core.vault, "getBalanceByToken(address,address)", ("int256",), account, item.token)[0]
            total += amount * price_8 * X18 // 10 ** (8 + item.decimals)
        for mine, theirs in zip((total, equity, exposure), _valuation(devnet, account), strict=True):
            assert abs(mine - theirs) <= 10


def test_moving_the_mark_moves_nothing(devnet: Devnet) -> None:
    """A thief's trade moves pool and mark; what a holder of a position is worth does not change by it."""
    deployment = devnet.deployment
    chain = Chain.at_head(devnet.rpc)
    thief, market = "0x" + "77" * 20, deployment.market("ETH")
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    devnet.rpc.call("anvil_setBalance", thief, hex(10**20))
    deposit(chain, deployment.core, thief, deployment.usdc, 10**14)
    chain.mine(chain.now + 12)
    holder = next(trader.address for trader in deployment.traders if trader.style == "taker")
    before, account_value = _valuation(devnet, holder), _account_value(devnet, holder)
    chain.queue(trade_to(deployment.core, market, thief, sell=True, limit_x96=sqrt_price_x96(market.start_price_8 * 93 // 100)))
    chain.mine(chain.now + 1)
    chain.mine(chain.now + 30)
    assert abs(_account_value(devnet, holder) - account_value) > abs(account_value) // 100
    assert abs(_valuation(devnet, holder)[0] - before[0]) < abs(before[0]) // 10_000


def _account_value(devnet: Devnet, account: str) -> int:
    value: int = _view(devnet, devnet.deployment.core.clearing_house, "getAccountValue(address)", ("int256",), account)[0]
    return value
