"""A thousand purchases of collateral with a margin that pays for a fraction of them: what is seized must be sold for the rest."""

from __future__ import annotations

import time

from eth_utils.address import to_checksum_address

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.chain import Chain
from contracts.devnet.deployment import Position, Trader
from contracts.devnet.executor import MARGIN_USD, VENUE
from contracts.devnet.market import MarketDriver
from contracts.devnet.opening import open_all
from contracts.devnet.rpc import Rpc
from tests.chaos.log import topic_of
from tests.chaos.perp_v2 import COLLATERAL_LIQUIDATION
from tests.chaos.scenario import Scenario
from tests.chaos.stage import Set, Stage

_PAWNERS, _PURCHASES = 400, 1_000
_TARGET_USD, _FLOOR_USD, _STEP_USD = 30_000, 5_000, 100
_FALL_BPS = 8_800
_TWAP_SECONDS = 900
_DEADLINE_S = 900.0
_QUIET_BLOCKS = 30
"""In which the last tokens are sold and paid in."""


def thousand(stage: Stage) -> None:
    """Every purchase spends margin, every sale and payment brings it back; in the end it is within its target."""
    _prepare(stage)
    stage.begin()
    deadline = time.monotonic() + _DEADLINE_S
    lowest_usd = _margin_usd(stage)
    while _purchases(stage) < _PURCHASES and time.monotonic() < deadline:
        stage.blocks(1)
        lowest_usd = min(lowest_usd, _margin_usd(stage))
    stage.blocks(_QUIET_BLOCKS)
    stage.finish()
    margin_usd, purchases = _margin_usd(stage), _purchases(stage)
    stage.notes |= {"purchases": purchases, "margin_usd": margin_usd, "target_usd": _TARGET_USD, "lowest_usd": lowest_usd}
    stage.expect(purchases >= _PURCHASES, f"{purchases} purchases of collateral only")
    stage.expect(lowest_usd >= _FLOOR_USD, f"the margin fell to {lowest_usd} USD, below its floor of {_FLOOR_USD}")
    stage.expect(abs(margin_usd - _TARGET_USD) <= _STEP_USD, f"the margin is {margin_usd} USD, its target {_TARGET_USD}")


def _prepare(stage: Stage) -> None:
    """Little margin; accounts with a long on nothing but WETH, and a fall of which their debts come."""
    devnet, deployment = stage.devnet, stage.deployment
    devnet.rpc.call("anvil_autoImpersonateAccount", True)
    chain = Chain.at_head(devnet.rpc)
    withdrawal = calldata("withdraw(address,uint256)", deployment.usdc, (MARGIN_USD - _TARGET_USD) * 10**6)
    calls = [(deployment.core.vault, 0, bytes.fromhex(withdrawal[2:]), False)]
    owner, manager = deployment.executor_owner, deployment.core.collateral_manager
    chain.send(owner, deployment.executor, "recover(bytes32,(address,uint256,bytes,bool)[])", VENUE, calls, gas=3_000_000)
    chain.send(owner, deployment.executor, "sweep(address,uint256)", deployment.usdc, (MARGIN_USD - _TARGET_USD) * 10**6)
    # Small debts, each paid in several purchases: a crowd that the pools carry.
    chain.send(deployment.owner, manager, "setDebtThreshold(uint256)", 20 * 10**6)
    chain.send(deployment.owner, manager, "setCollateralValueDust(uint256)", 10 * 10**6)
    chain.mine(chain.now + 1)
    open_all(chain, deployment, [_pawner(number) for number in range(1, _PAWNERS + 1)])
    prices = {**deployment.start_prices_8(), "ETH": deployment.market("ETH").start_price_8 * _FALL_BPS // 10_000}
    with MarketDriver(devnet.url, deployment) as driver:
        driver.move("ETH", prices["ETH"])
        driver.step({}, driver.head_time() + _TWAP_SECONDS)
    stage.player.follow([(0, prices)])


def _pawner(number: int) -> Trader:
    address = to_checksum_address(f"0xc0{number:038x}")
    return Trader(address, "collateral", 0, 10**6, (Position("ETH", "long", 3_000),), (), "WETH", 2 * 10**18)


def _purchases(stage: Stage) -> int:
    with Rpc(stage.url) as rpc:
        span = {"fromBlock": hex(stage.deployment.ready_block), "toBlock": "latest"}
        topics = [topic_of(COLLATERAL_LIQUIDATION)]
        return len(rpc.call("eth_getLogs", {**span, "address": stage.deployment.core.vault, "topics": topics}))


def _margin_usd(stage: Stage) -> float:
    data = calldata("getFreeCollateral(address)", stage.deployment.executor)
    with Rpc(stage.url) as rpc:
        answer = rpc.call("eth_call", {"to": stage.deployment.core.vault, "data": data}, "latest")
    free_6: int = returned(("uint256",), answer)[0]
    return round(free_6 / 10**6, 2)


SCENARIOS = (
    Scenario(
        name="collateral-1000",
        about="1,000 purchases of collateral leave the margin within its target.",
        script=thousand,
        needs=Set(
            traders=6,
            settings={
                "PERP_KEEPER__EXECUTORS__DEVNET__MARGIN_TARGET_USD": str(_TARGET_USD),
                "PERP_KEEPER__EXECUTORS__DEVNET__MARGIN_FLOOR_USD": str(_FLOOR_USD),
                "PERP_KEEPER__EXECUTORS__DEVNET__SELL_ABOVE_USD": str(_STEP_USD),
            },
        ),
        long=True,
    ),
)
