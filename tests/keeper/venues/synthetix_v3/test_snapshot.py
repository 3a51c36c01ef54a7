"""Start-up and per-block questions against canned answers: what is asked, how often, and what comes of it."""

from collections.abc import Sequence

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keeper.domain.chain_view import ChainMargins, ChainVerdict, Verdict
from keeper.domain.money import Usd18
from keeper.errors import ConfigError
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3 import read_events as read
from keeper.venues.synthetix_v3.oracle_node import ConstantSource, NodeType, PythSource, oracle_node, price_x18, source_of
from keeper.venues.synthetix_v3.state import parameters
from tests.keeper.venues.synthetix_v3.books import (
    ADDRESSES,
    ALICE,
    BTC,
    ETH,
    NODE_IDS,
    PRICE_IDS,
    SETH,
    Desk,
    key_of,
    price_nodes,
    x18,
)
from tests.keeper.venues.synthetix_v3.node import run

TOKEN = "0x" + "a6" * 20
FEED = bytes.fromhex(NODE_IDS[ETH][2:])


def _call(contract: str, signature: str, types: Sequence[str] = (), *values: object) -> tuple[str, bytes]:
    return ADDRESSES.get(contract, contract), keccak(text=signature)[:4] + encode(types, values)


def _nodes(market_id: int) -> dict[tuple[str, bytes], bytes]:
    answers = {}
    for node in price_nodes(market_id):
        key = _call("oracle_manager", "getNode(bytes32)", ["bytes32"], bytes.fromhex(node.node_id[2:]))
        parents = [parent.to_bytes(32, "big") for parent in node.parents]
        answers[key] = encode(["(uint8,bytes,bytes32[])"], [(node.node_type, bytes.fromhex(node.parameters[2:]), parents)])
    price = _call("pyth", "getPriceUnsafe(bytes32)", ["bytes32"], bytes.fromhex(PRICE_IDS[market_id][2:]))
    return answers | {price: encode(["int64", "uint64", "int32", "uint256"], [1, 2, -8, 3])}


def _deployment() -> dict[tuple[str, bytes], bytes]:
    usd = bytes(b"USDToken".ljust(32, b"\0"))
    answers = {
        _call("core", "getAssociatedSystem(bytes32)", ["bytes32"], usd): encode(["address", "bytes32"], [ADDRESSES["usd_token"], usd]),
        _call("core", "getOracleManager()"): encode(["address"], [ADDRESSES["oracle_manager"]]),
        _call("spot_market", "getMarketSkewScale(uint128)", ["uint128"], 0): encode(["uint256"], [0]),
        _call("spot_market", "getSynth(uint128)", ["uint128"], SETH): encode(["address"], [TOKEN]),
        _call("spot_market", "getPriceData(uint128)", ["uint128"], SETH): encode(["bytes32", "bytes32", "uint256"], [bytes(32), FEED, 60]),
        _call(TOKEN, "symbol()"): encode(["string"], ["sETH"]),
        _call("perps_market", "getMarkets()"): encode(["uint256[]"], [[ETH, BTC]]),
        _call("perps_market", "getSupportedCollaterals()"): encode(["uint256[]"], [[0, SETH]]),
    }
    for market_id in (ETH, BTC):
        feed = _call("perps_market", "getPriceData(uint128)", ["uint128"], market_id)
        answers |= {feed: encode(["bytes32", "uint256"], [bytes.fromhex(NODE_IDS[market_id][2:]), 60])} | _nodes(market_id)
    return answers


def test_a_snapshot_tells_nodes_units_and_names() -> None:
    """Level by level: seven batches, whatever the number of markets."""
    desk = Desk()
    book = desk.venue.new_book()
    events, batches = run(desk.venue.snapshot(), _deployment())
    for event in events:
        desk.venue.apply(event, book)
    assert parameters(book).nodes == parameters(desk.book).nodes
    assert parameters(book).exponents == parameters(desk.book).exponents
    collateral = parameters(book).collaterals["6"]
    assert (collateral.token, collateral.symbol, collateral.feed_id) == (TOKEN, "sETH", NODE_IDS[ETH])
    assert len(batches) == 7


@pytest.mark.parametrize(
    ("contract", "signature", "answer", "message"),
    [
        ("core", "getOracleManager()", encode(["address"], [TOKEN]), "oracle_manager is"),
        ("core", "getOracleManager()", None, "synthetix_v3.core"),
        ("perps_market", "getMarkets()", None, "synthetix_v3.perps_market"),
    ],
)
def test_a_wrong_address_is_named(contract: str, signature: str, answer: bytes | None, message: str) -> None:
    answers = _deployment()
    del answers[_call(contract, signature)]
    if answer is not None:
        answers[_call(contract, signature)] = answer
    with pytest.raises(ConfigError, match=message):
        run(Desk().venue.snapshot(), answers)


def test_a_spot_market_that_is_none_is_named() -> None:
    answers = _deployment()
    del answers[_call("spot_market", "getMarketSkewScale(uint128)", ["uint128"], 0)]
    with pytest.raises(ConfigError, match="spot_market"):
        run(Desk().venue.snapshot(), answers)


def test_a_deployment_without_markets_is_one() -> None:
    answers = _deployment()
    answers[_call("perps_market", "getMarkets()")] = encode(["uint256[]"], [[]])
    answers[_call("perps_market", "getSupportedCollaterals()")] = encode(["uint256[]"], [[]])
    assert run(Desk().venue.snapshot(), answers)[0] == []


def test_refresh_is_one_batch_while_nothing_is_new() -> None:
    """Price, skew scale and costs; what reverts is told as missing."""
    desk = Desk()
    desk.deposit(ALICE, 1, SETH)
    desk.trade(ALICE, 1)
    keys = [b"numberOfUpdatedFeeds".ljust(32, b"\0"), b"executionKind".ljust(32, b"\0"), bytes(32), bytes(32)]
    node = bytes.fromhex("c0" * 32)

    def cost(feeds: int, kind: int) -> tuple[str, bytes]:
        values = [feeds.to_bytes(32, "big"), kind.to_bytes(32, "big"), bytes(32), bytes(32)]
        signature = "processWithRuntime(bytes32,bytes32[],bytes32[])"
        return _call("oracle_manager", signature, ["bytes32", "bytes32[]", "bytes32[]"], node, keys, values)

    answers = {
        _call("perps_market", "indexPrice(uint128)", ["uint128"], ETH): encode(["uint256"], [x18(2_500)]),
        _call("spot_market", "getMarketSkewScale(uint128)", ["uint128"], SETH): encode(["uint256"], [x18(500)]),
        _call("spot_market", "indexPrice(uint128,uint128,uint8)", ["uint128", "uint128", "uint8"], SETH, 2, 0): encode(["uint256"], [7]),
        cost(0, 2): encode(["int256", "uint256", "uint256", "uint256"], [15, 0, 0, 0]),
    } | {cost(feeds, 1): encode(["int256", "uint256", "uint256", "uint256"], [feeds * 10, 0, 0, 0]) for feeds in range(3)}
    events, batches = run(desk.venue.refresh(desk.book, desk.now), answers)
    assert events == [
        read.MarketRead(ETH, desk.now, x18(2_500)),
        read.MarketRead(BTC, desk.now, 0),
        read.CollateralRead(SETH, desk.now, 7, x18(500)),
        read.KeeperCostsRead(desk.now, 15, (0, 10, 20)),
    ]
    assert len(batches) == 1
    del answers[cost(1, 1)]
    assert run(desk.venue.refresh(desk.book, desk.now), answers)[0][-1] == read.KeeperCostsRead(desk.now, 15, ())


def test_a_new_market_is_described_with_the_next_reads() -> None:
    desk = Desk()
    desk.apply(parameter.MarketCreated(300, "Solana", "SOL"), parameter.MarketPriceDataUpdated(300, "0x" + "77" * 32, 60))
    events, _ = run(desk.venue.refresh(desk.book, desk.now), {})
    assert read.NodeRead("0x" + "77" * 32, NodeType.NONE, "0x", ()) in events
    desk.apply(*events)
    assert run(desk.venue.describe(desk.book), {}) == ([], [])


def test_only_positions_with_a_guess_are_inspected() -> None:
    desk = Desk()
    desk.apply(parameter.MarketPriceDataUpdated(ETH, "0x" + "0f" * 32, 60))
    for market_id in (ETH, BTC):
        desk.trade(ALICE, 1, market_id=market_id)
    keys = sorted(desk.book.account_keys())
    assert run(desk.venue.inspect(keys, desk.book, desk.now), {}) == ([], [])
    desk.block()
    desk.commit(ALICE, 1)
    ask = _call("perps_market", "getOpenPosition(uint128,uint128)", ["uint128", "uint128"], ALICE, ETH)
    answer = encode(["int256", "int256", "int128", "uint256"], [-5, 1, 2, 3])
    events, _ = run(desk.venue.inspect(keys, desk.book, desk.now), {ask: answer})
    assert events == [read.PositionRead(ALICE, ETH, desk.now, -5)]
    assert run(desk.venue.resync(keys, desk.book), {})[0] == ()


def test_where_prices_come_from() -> None:
    """Pyth's stored price and constants; anything else, or a fallback with a price of its own, is not known."""
    nodes = parameters(Desk().book).nodes
    assert source_of(NODE_IDS[ETH], nodes) == PythSource(ADDRESSES["pyth"], PRICE_IDS[ETH])
    constant = oracle_node(NodeType.CONSTANT, "0x" + encode(["int256"], [-7]).hex(), ())
    check = oracle_node(NodeType.STALENESS_CIRCUIT_BREAKER, "0x" + "00" * 32, (1, 1))
    average = oracle_node(NodeType.PYTH, "0x" + encode(["address", "bytes32", "bool"], [TOKEN, bytes(32), True]).hex(), ())
    one = f"0x{1:064x}"
    assert source_of(one, {one: constant}) == ConstantSource(-7)
    assert source_of("0x2", {"0x2": check, one: constant}) is None
    assert source_of(one, {one: average}) is None
    assert source_of(one, {one: oracle_node(NodeType.REDUCER, "0x", (2,))}) is None
    assert source_of(one, {}) is None


@pytest.mark.parametrize(("price", "exponent", "expected"), [(25, -8, 25 * 10**10), (-25, -19, -2), (25, -18, 25), (3, 1, 3 * 10**19)])
def test_a_stored_price_in_eighteen_decimals(price: int, exponent: int, expected: int) -> None:
    """PythNode.process: truncated where the feed has more."""
    assert price_x18(price, exponent) == expected


def test_a_constant_price_needs_nothing_stored() -> None:
    desk = Desk()
    node_id = "0x" + "cc" * 32
    desk.apply(log.NodeRegistered(node_id, NodeType.CONSTANT, "0x" + encode(["int256"], [x18(2)]).hex(), ()))
    desk.apply(parameter.MarketPriceDataUpdated(ETH, node_id, 60))
    desk.trade(ALICE, 3_000)
    desk.block(86_400)
    desk.commit(ALICE, 1)
    assert desk.market().last_funding_value == -x18(1.8)
    assert desk.market().guesses == 0


def test_an_account_of_which_the_market_tells_only_half_is_unknown() -> None:
    """And not healthy."""
    venue = Desk().venue
    available = _call("perps_market", "getAvailableMargin(uint128)", ["uint128"], ALICE)
    required = _call("perps_market", "getRequiredMargins(uint128)", ["uint128"], ALICE)
    answers = {available: encode(["int256"], [-5])}
    (view,), _ = run(venue.chain_views([key_of(ALICE)]), answers)
    assert view == ChainVerdict(key_of(ALICE), Verdict.UNKNOWN, "no reason given: an address without code, or out of gas")
    answers[required] = encode(["uint256", "uint256", "uint256"], [9, 3, 1])
    assert run(venue.chain_views([key_of(ALICE)]), answers)[0] == [ChainMargins(key_of(ALICE), Usd18(-5), Usd18(3))]
