"""Start-up: checks that the addresses are the contracts the settings take them for, and reads what no event tells.

All of the configuration comes as events, from the deployment on. How prices are made never changes, so today's answer holds for history."""

from collections.abc import Sequence
from dataclasses import asdict

from keeper.domain.calldata import Encoder, address, number, signed_array, word
from keeper.domain.chain import CallResult, Reads
from keeper.errors import ConfigError
from keeper.venues.synthetix_v3.descriptions import describe_collaterals
from keeper.venues.synthetix_v3.events import SynthetixEvent
from keeper.venues.synthetix_v3.node_graph import read_graph
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.state import SNX_USD

_USD_TOKEN = int.from_bytes(b"USDToken".ljust(32, b"\0"), "big")
"""The core's name of snxUSD among its associated systems."""
_NO_SYNTH = 0
"""A market id without a synth: its skew scale is 0, where there is a spot market to tell."""


def snapshot(options: Options, encoder: Encoder) -> Reads[Sequence[SynthetixEvent]]:
    """The nodes and units behind all markets' prices, and the collaterals' names. Raises ConfigError naming the key and the mend."""
    usd_token, oracle_manager, spot_market, markets, collaterals = yield [
        encoder.call(options.core, "getAssociatedSystem(bytes32)", _USD_TOKEN),
        encoder.call(options.core, "getOracleManager()"),
        encoder.call(options.spot_market, "getMarketSkewScale(uint128)", _NO_SYNTH),
        encoder.call(options.perps_market, "getMarkets()"),
        encoder.call(options.perps_market, "getSupportedCollaterals()"),
    ]
    _check(options, "usd_token", usd_token)
    _check(options, "oracle_manager", oracle_manager)
    if number(spot_market) is None:
        raise _not_the_contract("spot_market", options)
    feeds = yield from _feeds(options, encoder, markets)
    names = [str(collateral_id) for collateral_id in signed_array(collaterals) or ()]
    descriptions = yield from describe_collaterals(options, encoder, [name for name in names if name != SNX_USD])
    graph = yield from read_graph(options, encoder, feeds | {one.feed_id for one in descriptions}, {}, ())
    return [*graph, *descriptions]


def _feeds(options: Options, encoder: Encoder, markets: CallResult) -> Reads[set[str]]:
    """The oracle nodes of all markets."""
    market_ids = signed_array(markets)
    if market_ids is None:
        raise _not_the_contract("perps_market", options)
    if not market_ids:
        return set()
    answers = yield [encoder.call(options.perps_market, "getPriceData(uint128)", market_id) for market_id in market_ids]
    return {"0x" + word(feed).hex() for feed in map(number, answers) if feed}


def _check(options: Options, key: str, answer: CallResult) -> None:
    target, expected = address(answer), asdict(options)[key]
    if target is None:
        raise _not_the_contract("core", options)
    if target != expected:
        raise ConfigError(
            f"venues.synthetix_v3.{key} is {expected}, but core {options.core} answers {target}. Take both from the same deployment."
        )


def _not_the_contract(contract: str, options: Options) -> ConfigError:
    return ConfigError(
        f"venues.synthetix_v3.{contract}: {asdict(options)[contract]} has no code at this block, or is another contract. "
        "Check the address and that rpc_urls of the chain lead to the chain it is deployed on."
    )
