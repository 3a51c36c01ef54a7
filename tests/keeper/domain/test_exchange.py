"""What may be sold at once, at which price; what a contract must say to be an exchange; what the executor is allowed for it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.calldata import word
from keeper.domain.chain import Address, CallResult
from keeper.domain.exchange import Exchange, ExchangePrice, price, price_calls, rules, sale_calls, terms
from keeper.domain.fixed import RATIO
from tests.keeper.domain.pool import EXCHANGE, LOW, SECOND, USDC, Pool

both_sides = pytest.mark.parametrize("exchange", [EXCHANGE, SECOND, replace(SECOND, decimals=8)])


@both_sides
@given(
    worth=st.integers(10**4, 10**12),
    depth=st.integers(10**9, 10**14),
    shift_ppm=st.integers(-20_000, 20_000),
    slippage_ppm=st.integers(0, 20_000),
)
def test_as_much_as_the_slippage_allows_and_not_more(exchange: Exchange, worth: int, depth: int, shift_ppm: int, slippage_ppm: int) -> None:
    """By the pool's own arithmetic: the amount brings the bound, a thousandth more does not. A ten-thousandth is the roundings'."""
    pool = Pool.at(exchange, worth * (RATIO + shift_ppm) // RATIO, depth)
    oracle = pool.price(worth)
    amount = oracle.sellable_raw(exchange, slippage_ppm)
    if amount == 0:
        assert worth * (RATIO + shift_ppm) * (RATIO - exchange.pool_fee_ppm) <= worth * (RATIO - slippage_ppm) * (RATIO + 200)
        return
    bound = oracle.worth_raw(exchange, amount) * (RATIO - slippage_ppm) // RATIO
    proceeds, _ = pool.sell(amount)
    assert proceeds * 10_001 + 20_000 >= bound * 10_000
    more = amount + amount // 2 + 10**6
    proceeds, _ = pool.sell(more)
    assert proceeds <= oracle.worth_raw(exchange, more) * (RATIO - slippage_ppm) // RATIO + 2


@both_sides
def test_a_pool_below_the_bound_takes_nothing(exchange: Exchange) -> None:
    pool = Pool.at(exchange, 2_475 * 10**6, 10**12)
    assert pool.price(2_500 * 10**6).sellable_raw(exchange, 10_000) == 0
    assert pool.price(2_500 * 10**6).sellable_raw(exchange, 12_000) > 0


@both_sides
def test_without_a_price_nothing_is_sold(exchange: Exchange) -> None:
    assert ExchangePrice(0, 1 << 96, 10**18).sellable_raw(exchange, 10_000) == 0
    assert ExchangePrice(10**9, 0, 10**18).sellable_raw(exchange, 10_000) == 0
    assert ExchangePrice(10**9, 1 << 96, 0).sellable_raw(exchange, 10_000) == 0


def _answers(*values: int | str) -> Sequence[CallResult]:
    return [CallResult(True, word(value)) for value in values]


def _terms(first: Sequence[CallResult], second: Sequence[CallResult]) -> Exchange | None:
    reads = terms(EXCHANGE.address)
    next(reads)
    try:
        reads.send(first)
        reads.send(second)
    except StopIteration as end:
        result: Exchange | None = end.value
        return result
    raise AssertionError("it asks on")


_FIRST = _answers(EXCHANGE.executor, LOW, USDC, EXCHANGE.pool, EXCHANGE.max_sale_raw, EXCHANGE.max_slippage_ppm)
_SYMBOL = CallResult(True, word(32) + word(4) + b"WETH".ljust(32, b"\0"))


def test_an_exchange_says_what_it_is() -> None:
    assert _terms(_FIRST, [*_answers(18), _SYMBOL, *_answers(500)]) == EXCHANGE


def test_what_does_not_answer_as_one_is_none() -> None:
    nothing = CallResult(True, b"")
    for place in range(len(_FIRST)):
        assert _terms([*_FIRST[:place], nothing, *_FIRST[place + 1 :]], ()) is None
    assert _terms(_FIRST, [nothing, _SYMBOL, *_answers(500)]) is None
    assert _terms(_FIRST, [*_answers(18), _SYMBOL, CallResult(False, b"")]) is None


def test_an_oracle_that_reverts_has_no_price() -> None:
    assert len(price_calls(EXCHANGE)) == 3
    assert price(iter(_answers(2_500 * 10**6, 1 << 96, 10**18))) == ExchangePrice(2_500 * 10**6, 1 << 96, 10**18)
    assert price(iter([CallResult(False, b""), *_answers(1 << 96, 10**18)])) is None


def test_the_allowance_is_the_exchanges_alone_and_a_sale_names_an_amount() -> None:
    other = replace(EXCHANGE, address=Address("0x" + "01" * 20), token=USDC)
    listed = rules([EXCHANGE, other], [LOW])
    assert [(rule.target, rule.signature, rule.words) for rule in listed] == [
        (LOW, "approve(address,uint256)", ((int(EXCHANGE.address, 16),), ())),
        (EXCHANGE.address, "sell(uint256)", ((),)),
    ]
    approval, sale = sale_calls(EXCHANGE, 5)
    assert (approval.target, sale.target) == (LOW, EXCHANGE.address)
    assert approval.calldata[4:] == word(EXCHANGE.address) + word(5)
    assert sale.calldata[4:] == word(5)
