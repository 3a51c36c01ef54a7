"""The Synthetix V3 devnet is the real market with the listed settings, alive, and a function of its seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.devnet.anvil import Anvil, AnvilOptions
from contracts.devnet.calldata import calldata, returned
from contracts.devnet.pythnet import Pythnet
from contracts.devnet.rpc import Rpc
from contracts.devnet.synthetix_v3.deploy import deploy
from contracts.devnet.synthetix_v3.deployment import SNX_USD, SynthetixDeployment
from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.parameters import LISTINGS
from contracts.devnet.synthetix_v3.trading import size_of
from contracts.devnet.synthetix_v3.views import account_views, position_size_18

pytestmark = pytest.mark.fork


def _ask(devnet: SynthetixDevnet, signature: str, types: tuple[str, ...], *arguments: object) -> tuple[Any, ...]:
    call = {"to": devnet.deployment.contracts.perps_market, "data": calldata(signature, *arguments)}
    return returned(types, devnet.rpc.call("eth_call", call, "latest"))


def test_the_markets_are_the_listed_ones_at_their_prices(synthetix_devnet: SynthetixDevnet) -> None:
    numbers = tuple(listing.market_id for listing in LISTINGS.markets)
    assert _ask(synthetix_devnet, "getMarkets()", ("uint256[]",)) == (numbers,)
    for listing in LISTINGS.markets:
        assert _ask(synthetix_devnet, "indexPrice(uint128)", ("uint256",), listing.market_id) == (listing.start_price_8 * 10**10,)


def test_margin_settings_are_the_listed_ones_once_the_first_positions_are_open(synthetix_devnet: SynthetixDevnet) -> None:
    for listing in LISTINGS.markets:
        parameters = listing.parameters
        settings = _ask(synthetix_devnet, "getLiquidationParameters(uint128)", ("uint256",) * 5, listing.market_id)
        assert settings == (
            parameters.initial_margin_ratio_18,
            parameters.minimum_initial_margin_ratio_18,
            parameters.maintenance_margin_scalar_18,
            parameters.flag_reward_ratio_18,
            parameters.minimum_position_margin_18,
        )


def test_everybody_has_what_was_drawn(synthetix_devnet: SynthetixDevnet) -> None:
    """Positions of the drawn size and side, the synths that were deposited, and nobody is liquidatable yet."""
    deployment, rpc = synthetix_devnet.deployment, synthetix_devnet.rpc
    for trader in deployment.traders:
        sizes = {market.name: 0 for market in deployment.markets}
        for position in () if trader.style == "debtor" else trader.positions:
            sizes[position.market] = size_of(position, deployment.market(position.market).start_price_8)
        for market in deployment.markets:
            assert position_size_18(rpc, deployment, trader.account_id, market.market_id) == sizes[market.name]
        synth = deployment.synths[0]
        question = (trader.account_id, synth.collateral_id)
        assert _ask(synthetix_devnet, "getCollateralAmount(uint128,uint128)", ("uint256",), *question) == (trader.synth_18,)
    views = account_views(rpc, deployment, [trader.account_id for trader in deployment.traders])
    assert not [view for view in views.values() if view.liquidatable or view.margin_liquidatable]
    assert {trader.style for trader in deployment.traders} == {"taker", "both", "collateral", "debtor", "idle"}


def test_fees_are_all_that_opening_cost(synthetix_devnet: SynthetixDevnet) -> None:
    """What a trader without synths has of snxUSD is the deposit less fees: 0.05 % and 0.45 an order."""
    deployment = synthetix_devnet.deployment
    for trader in deployment.traders:
        if trader.style != "taker":
            continue
        question = (trader.account_id, SNX_USD)
        (left_18,) = _ask(synthetix_devnet, "getCollateralAmount(uint128,uint128)", ("uint256",), *question)
        notional_18 = trader.positions[0].notional_usd * 10**18
        cost_18 = trader.deposit_18 - left_18
        assert 45 * 10**16 <= cost_18 <= 45 * 10**16 + notional_18 * 52 // 100_000


def test_the_keeper_is_ready(synthetix_devnet: SynthetixDevnet) -> None:
    """Its executor has ether for prices and no snxUSD, and belongs to somebody else than its operator."""
    deployment, rpc = synthetix_devnet.deployment, synthetix_devnet.rpc
    assert int(rpc.call("eth_getBalance", deployment.executor, "latest"), 16) == 10**18
    answer = rpc.call("eth_call", {"to": deployment.executor, "data": calldata("isOperator(address)", deployment.keeper)}, "latest")
    assert int(answer, 16) == 1
    owner = rpc.call("eth_call", {"to": deployment.executor, "data": calldata("owner()")}, "latest")
    assert int(owner, 16) == int(deployment.executor_owner, 16) != int(deployment.keeper, 16)


def test_the_same_seed_gives_the_same_chain(anvil: Callable[[AnvilOptions], Anvil], synthetix_v3_compiled: None) -> None:
    """The hash of the last block covers every address, transaction, timestamp and storage slot before it."""
    heads = []
    for seed in (3, 3, 4):
        url = anvil(AnvilOptions(no_mining=True)).url
        deployment = deploy(url, Pythnet(), seed, traders=5)
        with Rpc(url) as rpc:
            heads.append((rpc.call("eth_getBlockByNumber", "latest", False)["hash"], deployment))
    assert heads[0] == heads[1]
    assert heads[0][0] != heads[2][0]


def test_a_deployment_survives_its_file(synthetix_devnet: SynthetixDevnet, tmp_path: Path) -> None:
    path = tmp_path / "new" / "deployment.json"
    synthetix_devnet.deployment.save(path)
    assert SynthetixDeployment.load(path) == synthetix_devnet.deployment


def test_debtors_have_a_debt_and_no_position(synthetix_devnet: SynthetixDevnet) -> None:
    """A tenth of the position they had; it does not outgrow their synth yet."""
    deployment = synthetix_devnet.deployment
    debtors = [trader for trader in deployment.traders if trader.style == "debtor"]
    views = account_views(synthetix_devnet.rpc, deployment, [trader.account_id for trader in debtors])
    for trader in debtors:
        view = views[trader.account_id]
        assert view.debt_18 / 1e18 == pytest.approx(trader.positions[0].notional_usd / 10, rel=0.05)
        assert view.maintenance_requirement_18 == 0
        assert view.available_margin_18 > 0
