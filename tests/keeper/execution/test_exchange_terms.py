"""Exchanges are asked until each has answered once, and none of another executor counts."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from keeper.domain.calldata import word
from keeper.domain.chain import Address, BlockRef, CallResult, Reads
from keeper.domain.exchange import Exchange
from keeper.execution.exchange_terms import ExchangeTerms
from tests.keeper.domain.pool import EXCHANGE, HIGH
from tests.keeper.engine.fakes import block_ref

T = TypeVar("T")
OTHER = replace(EXCHANGE, address=Address("0x" + "dd" * 20), token=HIGH)


@dataclass
class _Node:
    """Answers for the exchanges that are there."""

    exchanges: Mapping[Address, Exchange]
    requests: int = 0

    async def run(self, reads: Reads[T], block: BlockRef) -> T:
        self.requests += 1
        exchange = self.exchanges.get(next(reads)[0].to)
        try:
            if exchange is None:
                reads.send([CallResult(True, b"")] * 6)
            else:
                parties = (exchange.executor, exchange.token, exchange.proceeds_token, exchange.pool)
                terms = (*parties, exchange.max_sale_raw, exchange.max_slippage_ppm)
                reads.send([CallResult(True, word(value)) for value in terms])
                symbol = word(32) + word(len(exchange.symbol)) + exchange.symbol.encode().ljust(32, b"\0")
                reads.send([CallResult(True, answer) for answer in (word(exchange.decimals), symbol, word(exchange.pool_fee_ppm))])
        except StopIteration as end:
            result: T = end.value
            return result
        raise AssertionError("it asks on")


def _terms(node: _Node, *exchanges: Exchange) -> ExchangeTerms:
    terms = ExchangeTerms(node, EXCHANGE.executor, [exchange.address for exchange in exchanges])
    asyncio.run(terms.complete(block_ref(1)))
    return terms


def test_each_is_asked_once() -> None:
    node = _Node({EXCHANGE.address: EXCHANGE, OTHER.address: OTHER})
    terms = _terms(node, EXCHANGE, OTHER)
    asyncio.run(terms.complete(block_ref(2)))
    assert (terms.exchanges, terms.missing, node.requests) == ((EXCHANGE, OTHER), [], 2)


def test_one_that_does_not_answer_is_asked_again() -> None:
    node = _Node({EXCHANGE.address: EXCHANGE})
    terms = _terms(node, EXCHANGE, OTHER)
    assert (terms.exchanges, terms.missing) == ((EXCHANGE,), [OTHER.address])
    node.exchanges = {OTHER.address: OTHER}
    asyncio.run(terms.complete(block_ref(2)))
    assert terms.exchanges == (EXCHANGE, OTHER)


def test_one_of_another_executor_is_none_of_ours() -> None:
    node = _Node({EXCHANGE.address: replace(EXCHANGE, executor=Address("0x" + "cc" * 20))})
    assert _terms(node, EXCHANGE).missing == [EXCHANGE.address]
