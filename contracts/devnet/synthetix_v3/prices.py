"""Prices on their way from Pyth to the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eth_abi.abi import encode

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import Transaction
from contracts.devnet.pythnet import FeedPrice, Pythnet
from contracts.devnet.synthetix_v3.deployment import Market

FEE_WEI = 1
"""Of a price in an update."""
_BENCHMARK = 2
_GAS = 1_500_000


def price_id_of(market: Market) -> bytes:
    """Pyth's id of a market's price, 32 bytes."""
    return bytes.fromhex(market.price_id[2:])


def publish(pythnet: Pythnet, markets: Sequence[Market], prices_8: Mapping[str, int], publish_time: int) -> None:
    """A new slot in which these markets have these prices (8 decimals). It is not on any chain yet."""
    pythnet.publish({price_id_of(market): FeedPrice(prices_8[market.name]) for market in markets}, publish_time)


def push(pythnet: Pythnet, pyth: str, sender: str, markets: Sequence[Market], tip: int) -> Transaction:
    """Brings the newest prices to the chain."""
    update = pythnet.update([price_id_of(market) for market in markets])
    data = calldata("updatePriceFeeds(bytes[])", [update])
    return Transaction(sender, pyth, data, _GAS, "bring prices", tip, FEE_WEI * len(markets))


def bring_benchmark(pythnet: Pythnet, pyth: str, sender: str, market: Market, time: int, tip: int) -> Transaction | None:
    """Brings the first price at or after `time`, which orders committed `price_delay` before are settled at; None while Pyth
    has none."""
    price_id = price_id_of(market)
    slot = pythnet.first_at(price_id, time)
    if slot is None:
        return None
    types = ("uint8", "uint64", "bytes32[]", "bytes[]")
    answer = encode(types, (_BENCHMARK, time, [price_id], [slot.accumulator.update([price_id])]))
    return Transaction(sender, pyth, calldata("fulfillOracleQuery(bytes)", answer), _GAS, "bring a benchmark", tip, FEE_WEI)
