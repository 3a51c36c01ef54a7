"""The client is what the engine asks for, and what a block costs does not depend on how much is read in it."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from keeper.chain.chain import ChainClient, ChainOptions, Pools
from keeper.domain.chain import Address, BlockAdded, Call, Purpose, Reads
from keeper.engine.ports import Chain, LogSource
from keeper.errors import ConfigError
from tests.keeper.chain.fakes import Bench, ScriptedHeads, bench, node
from tests.keeper.chain.simulated import CONTRACT, FILTER, SimulatedNode, wanted
from tests.keeper.chain.test_market_tip import history


def _ports(client: ChainClient) -> tuple[Chain, LogSource]:
    """The type checker proves the shape."""
    return client, client


def _client(fee_history_blocks: int = 0) -> tuple[SimulatedNode, Bench, ChainClient]:
    simulated = SimulatedNode()

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_feeHistory":
            return history(simulated.tip, [9])
        return "0x2a" if method == "eth_call" else simulated.answer()(method, params)

    on = bench(node(answer))
    options = ChainOptions(chain_id=31_337, rpc_urls=("http://a",), max_calls_per_request=100, fee_history_blocks=fee_history_blocks)
    return (
        simulated,
        on,
        ChainClient(options, Pools(on.pool), on.proofs(), ScriptedHeads([lambda: simulated.mine([2])]), [FILTER], on.clock),
    )


def test_everything_the_engine_asks_for() -> None:
    """Head, block, stream, history, reads and usage, over one endpoint."""

    async def run() -> None:
        simulated, _, client = _client()
        chain, history = _ports(client)
        simulated.mine([1, 0, 1])
        assert await chain.head() == simulated.tip
        assert await chain.block(2) == simulated.chain[2].ref
        async with aclosing(client.follow(simulated.tip, [])) as events:
            assert await anext(events) == BlockAdded(simulated.tip, wanted(simulated.chain[4]))
        found = [block.number async for block, _ in history.backfill([FILTER], 0, 4)]
        assert found == [1, 3, 4]
        assert chain.usage().following.requests == 8

    asyncio.run(run())


@pytest.mark.parametrize("accounts", [1, 100])
def test_reading_more_accounts_takes_no_more_requests(accounts: int) -> None:
    """One per round."""

    def question() -> Reads[int]:
        return len((yield [Call(Address(CONTRACT), bytes([place])) for place in range(accounts)]))

    async def run() -> None:
        simulated, on, client = _client()
        assert await client.run(question(), simulated.tip) == accounts
        assert len(on.transports[0].posts) == 2

    asyncio.run(run())


def test_the_tip_that_others_pay_is_asked_by_who_follows_and_not_by_who_reads_history() -> None:
    """In the request that the reads take anyway."""

    def question() -> Reads[int]:
        return len((yield [Call(Address(CONTRACT), b"")]))

    async def run() -> None:
        simulated, on, client = _client(fee_history_blocks=1)
        assert client.market_tip_wei() is None
        patient = client.endless()
        await patient.run(question(), simulated.tip)
        assert patient.market_tip_wei() is None
        await client.run(question(), simulated.tip)
        assert client.market_tip_wei() == 9
        assert len(on.transports[0].posts) == 3
        assert {score.purpose for score in client.scores()} == {Purpose.READ}

    asyncio.run(run())


def test_no_endpoints_is_a_configuration_error() -> None:
    """Told when opening."""

    async def run() -> None:
        async with ChainClient.open(ChainOptions(chain_id=1, rpc_urls=())):
            pass

    with pytest.raises(ConfigError, match="rpc_urls"):
        asyncio.run(run())
