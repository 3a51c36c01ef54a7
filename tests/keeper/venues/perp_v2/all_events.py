"""A devnet on which every event of the venue happens at least once, and the logs of it.

`python -m tests.keeper.venues.perp_v2.all_events` writes one real log of each event to logs.json beside this file."""

import json
from pathlib import Path
from typing import Any

from contracts.devnet.anvil import AnvilOptions
from contracts.devnet.calldata import calldata
from contracts.devnet.devnet import Devnet
from contracts.devnet.market import MarketDriver
from keeper.domain.chain import RawLog
from keeper.domain.event_abi import topic_of
from keeper.venues.perp_v2.signatures import WITH_EFFECT
from tests.keeper.venues.ledger import raw_log
from tests.keeper.venues.perp_v2.ledger import options_of
from tests.keeper.venues.perp_v2.random_traders import MAX, RandomTraders

RECORDED = Path(__file__).with_name("logs.json")
_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_USD = 10**18


def emit_all_events(devnet: Devnet) -> None:
    """Bankruptcy with and without collateral, every parameter changed, a pause, and a market closed for good."""
    traders = RandomTraders.on(devnet, seed=5, people=3)
    gambler, pawner, bystander = traders.people
    core, eth = devnet.deployment.core, devnet.deployment.market("ETH")
    weth = next(item for item in devnet.deployment.collaterals if item.follows == "ETH")
    traders.send(devnet.deployment.owner, core.collateral_manager, "setDebtThreshold(uint256)", 1_000 * 10**6)
    traders.send(pawner, core.vault, "deposit(address,uint256)", weth.token, 10 * 10**weth.decimals)
    traders.send(bystander, core.vault, "withdraw(address,uint256)", devnet.deployment.usdc, 10**6)
    traders.mine(12)
    for who in (gambler, pawner):
        _all_in(traders, who, eth.base)
    traders.mine(12)
    with MarketDriver(devnet.url, devnet.deployment) as driver:
        driver.move("ETH", eth.start_price_8 * 78 // 100)
    for who in (gambler, pawner):
        traders.send(devnet.deployment.base_maker, core.clearing_house, "liquidate(address,address)", who, eth.base)
    traders.mine(12)
    sell = "liquidateCollateral(address,address,uint256,bool)"
    traders.send(bystander, core.vault, sell, pawner, weth.token, 10 * 10**6, True)
    traders.mine(12)
    _change_every_parameter(traders, weth.token)
    _close_the_market(traders, eth.base, bystander)


def _all_in(traders: RandomTraders, who: str, base: str) -> None:
    """A long as large as the venue lets him."""
    call = traders.rpc.call
    free = int(call("eth_call", {"to": traders.deployment.core.vault, "data": _free(who)}, "latest"), 16)
    usd = free * 10**12 * 85 // 10
    traders.send(who, traders.deployment.core.clearing_house, _OPEN, (base, False, True, usd, 0, MAX, 0, bytes(32)))


def _free(who: str) -> str:
    return calldata("getFreeCollateral(address)", who)


def _change_every_parameter(traders: RandomTraders, token: str) -> None:
    core, owner = traders.deployment.core, traders.deployment.owner
    base, person = traders.deployment.markets[1].base, traders.people[0]
    feed = traders.deployment.collaterals[0].price.feed
    for to, signature, arguments in (
        (core.clearing_house, "pause()", ()),
        (core.clearing_house, "unpause()", ()),
        (core.vault, "pause()", ()),
        (core.vault, "unpause()", ()),
        (core.exchange, "setMaxTickCrossedWithinBlock(address,uint24)", (base, 900)),
        (core.market_registry, "setFeeRatio(address,uint24)", (base, 1_100)),
        (core.market_registry, "setInsuranceFundFeeRatio(address,uint24)", (base, 110_000)),
        (core.market_registry, "setMarketMaxPriceSpreadRatio(address,uint24)", (base, 90_000)),
        (core.clearing_house_config, "setLiquidationPenaltyRatio(uint24)", (24_000,)),
        (core.clearing_house_config, "setTwapInterval(uint32)", (901,)),
        (core.clearing_house_config, "setMaxFundingRate(uint24)", (99_000,)),
        (core.clearing_house_config, "setMarkPriceMarketTwapInterval(uint32)", (1_801,)),
        (core.clearing_house_config, "setMarkPricePremiumInterval(uint32)", (902,)),
        (core.collateral_manager, "setPriceFeed(address,address)", (token, feed)),
        (core.collateral_manager, "setCollateralRatio(address,uint24)", (token, 790_000)),
        (core.collateral_manager, "setDiscountRatio(address,uint24)", (token, 90_000)),
        (core.collateral_manager, "setMmRatioBuffer(uint24)", (2_100,)),
        (core.collateral_manager, "setDebtNonSettlementTokenValueRatio(uint24)", (740_000,)),
        (core.collateral_manager, "setLiquidationRatio(uint24)", (490_000,)),
        (core.collateral_manager, "setCLInsuranceFundFeeRatio(uint24)", (31_000,)),
        (core.collateral_manager, "setCollateralValueDust(uint256)", (501 * 10**6,)),
        (core.collateral_manager, "setWhitelistedDebtThreshold(address,uint256)", (person, 9_000 * 10**6)),
    ):
        traders.send(owner, to, signature, *arguments)
    traders.mine(12)


def _close_the_market(traders: RandomTraders, base: str, who: str) -> None:
    """Somebody holds a position when the owner pauses and closes the market, and quits it."""
    house, owner = traders.deployment.core.clearing_house, traders.deployment.owner
    traders.send(who, house, _OPEN, (base, True, False, 500 * _USD, MAX, MAX, 0, bytes(32)))
    traders.mine(600)
    traders.send(owner, base, "pause()")
    traders.mine(600)
    traders.send(owner, base, "close(uint256)", 1_900 * _USD)
    traders.mine(600)
    traders.send(who, house, "quitMarket(address,address)", who, base)
    traders.mine(12)


def logs_of(devnet: Devnet) -> list[dict[str, Any]]:
    """Every log of the claimed contracts, as JSON-RPC gives it."""
    options = options_of(devnet.deployment)
    addresses = [options[contract] for contract in WITH_EFFECT]
    found: list[dict[str, Any]] = devnet.rpc.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": addresses})
    return found


def one_of_each(options: dict[str, str], logs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """`contract.Event` -> its last log; events that never happened are missing."""
    contracts = {options[contract].lower(): contract for contract in WITH_EFFECT}
    names = {
        (contract, "0x" + topic_of(signature).hex()): signature.partition("(")[0]
        for contract, events in WITH_EFFECT.items()
        for signature, _ in events
    }
    chosen: dict[str, dict[str, Any]] = {}
    for item in logs:
        contract = contracts[item["address"].lower()]
        name = names.get((contract, item["topics"][0]))
        if name is not None:
            chosen[f"{contract}.{name}"] = item
    return chosen


def recorded() -> dict[str, RawLog]:
    """The recorded logs by `contract.Event`."""
    kept = json.loads(RECORDED.read_text())
    return {name: raw_log(item) for name, item in kept["logs"].items()}


def recorded_options() -> dict[str, str]:
    """The addresses of the recording's deployment."""
    options: dict[str, str] = json.loads(RECORDED.read_text())["options"]
    return options


def main() -> None:
    """Record anew."""
    with Devnet.up(AnvilOptions(no_mining=True), seed=7, traders=4) as devnet:
        emit_all_events(devnet)
        options = options_of(devnet.deployment)
        kept = {"options": options, "logs": dict(sorted(one_of_each(options, logs_of(devnet)).items()))}
        RECORDED.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
