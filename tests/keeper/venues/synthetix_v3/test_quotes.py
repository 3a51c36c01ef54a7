"""Signed prices: what they mean before they are on the chain, and how a plan brings them there."""

from eth_abi.abi import decode, encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import Timestamp
from keeper.domain.health import Breach
from keeper.domain.plan import CallPurpose, LiquidationPlan
from keeper.domain.quote import PriceId, Quote
from keeper.domain.use import NOTHING
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3 import read_events as read
from tests.keeper.venues.synthetix_v3.books import ADDRESSES, ALICE, BOB, BTC, ETH, EXECUTOR, PRICE_IDS, SETH, Desk, key_of, x18

_REQUIRED = keccak(text="OracleDataRequired(address,bytes)")[:4]
_SEVERAL = keccak(text="Errors(bytes[])")[:4]


def _quote(market_id: int, price: float, publish_time: int, payload: bytes = b"signed", fee: int = 3) -> Quote:
    raw = round(price * 10**6)
    return Quote(PriceId(PRICE_IDS[market_id]), raw, raw, -6, Timestamp(publish_time), payload, fee)


def _required(*price_ids: bytes, kind: int = 1) -> bytes:
    query = encode(["uint8", "uint64", "bytes32[]"], [kind, 60, list(price_ids)])
    return _REQUIRED + encode(["address", "bytes"], [ADDRESSES["pyth"], query])


def test_every_feed_of_pyths_is_wanted_once() -> None:
    """The synth follows ETH; a market of another oracle has no price id."""
    desk = Desk()
    assert desk.venue.quotes(desk.book) == sorted(PRICE_IDS.values())
    desk.apply(parameter.MarketPriceDataUpdated(BTC, "0x" + "0f" * 32, 60))
    assert desk.venue.quotes(desk.book) == [PRICE_IDS[ETH]]


def test_a_newer_price_makes_an_account_liquidatable_before_any_block_says_so() -> None:
    """For the market and for the synth that follows it; the plan says which price it relies on."""
    desk = Desk()
    desk.deposit(ALICE, 1, SETH)
    desk.trade(ALICE, 5)
    desk.deposit(BOB, 10_000)
    desk.trade(BOB, 1, market_id=BTC)
    ahead = Timestamp(desk.now + 2)
    for moment in (desk.now, ahead):
        desk.read(moment)
    assert desk.health(ALICE, ahead).breach is None
    events = desk.venue.quoted([_quote(ETH, 2_000, desk.now + 1)], desk.book, ahead)
    assert events == [
        read.MarketQuoted(ETH, ahead, x18(2_000), PRICE_IDS[ETH]),
        read.CollateralQuoted(SETH, ahead, x18(2_000), PRICE_IDS[ETH]),
    ]
    desk.apply(*events)
    assert desk.health(ALICE).breach is None
    assert desk.health(ALICE, ahead).breach is Breach.POSITIONS
    plan = desk.venue.plan(key_of(ALICE), desk.book, ahead, EXECUTOR, NOTHING)
    assert isinstance(plan, LiquidationPlan)
    assert plan.quotes == (PRICE_IDS[ETH],)


def test_a_price_the_chain_has_is_not_a_signed_one() -> None:
    desk = Desk()
    desk.read()
    assert desk.venue.quoted([_quote(ETH, 2_000, desk.now)], desk.book, desk.now) == []
    desk.apply(read.CollateralQuoted(9, desk.now, 1, PRICE_IDS[ETH]))
    assert "9" not in desk.book.reads[desk.now].collaterals


def test_a_plan_on_the_chains_prices_relies_on_none() -> None:
    desk = Desk()
    desk.deposit(ALICE, 10)
    desk.trade(ALICE, 5)
    desk.read()
    plan = desk.venue.plan(key_of(ALICE), desk.book, desk.now, EXECUTOR, NOTHING)
    assert isinstance(plan, LiquidationPlan)
    assert plan.quotes == ()


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=4))
def test_one_update_with_all_payloads_and_their_fees(payloads: list[bytes]) -> None:
    desk = Desk()
    (call,) = desk.venue.push([_quote(ETH, 1, 1, payload) for payload in payloads], desk.book)
    assert (call.target, call.purpose, call.value_wei) == (ADDRESSES["pyth"], CallPurpose.UPDATE_PRICES, 3 * len(payloads))
    assert call.calldata[:4] == keccak(text="updatePriceFeeds(bytes[])")[:4]
    assert decode(["bytes[]"], call.calldata[4:]) == (tuple(payloads),)
    assert desk.venue.push([], desk.book) == ()


def test_a_revert_says_which_prices_it_wants() -> None:
    """One, several at once, each once; not the price of an order, and not another revert."""
    desk, one, two = Desk(), b"\1" * 32, b"\2" * 32
    names = ["0x" + item.hex() for item in (one, two)]
    assert list(desk.venue.required_quotes(_required(one))) == names[:1]
    assert (
        list(desk.venue.required_quotes(_SEVERAL + encode(["bytes[]"], [[_required(one), b"\0", _required(two), _required(one)]]))) == names
    )
    assert list(desk.venue.required_quotes(_required(one, kind=2))) == []
    assert list(desk.venue.required_quotes(b"\1\2\3\4")) == []


@given(st.integers(0, 400))
def test_a_cut_revert_wants_nothing_it_does_not_say(length: int) -> None:
    whole = _SEVERAL + encode(["bytes[]"], [[_required(b"\1" * 32), _required(b"\2" * 32)]])
    price_ids = Desk().venue.required_quotes(whole[:length])
    assert set(price_ids) <= {"0x" + "01" * 32, "0x" + "02" * 32}
