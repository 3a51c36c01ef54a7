"""Questions run round by round, pinned to one hash, and never answered for another time or by another call's gas."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from keeper.chain.market_tip import MarketTip
from keeper.chain.reads import Reader
from keeper.domain.chain import Address, BlockRef, Call, CallResult, Reads, Timestamp
from keeper.errors import BlockUnknown, ConfigError, RpcError, RpcUnavailable
from tests.keeper.chain.fakes import Bench, bench, node
from tests.keeper.chain.simulated import make_block
from tests.keeper.chain.test_market_tip import history as fee_history

HISTORY = "0x0000f90827f1c53a10cb7a02335b175320002935"
MULTICALL = Address("0x" + "ca" * 20)
TARGET = Address("0x" + "11" * 20)
BLOCK: BlockRef = make_block(None, 1, 0).ref
REVERT = RpcError(3, "execution reverted", b"\xde\xad")
Contract = Callable[[bytes], bytes | RpcError]


def _echo(data: bytes) -> bytes | RpcError:
    return REVERT if data == b"bad" else data * 2


def _chain(
    contract: Contract = _echo,
    *,
    multicall: bool = True,
    override: bool = True,
    gas: int = 1_000,
    history: Sequence[bytes] = (),
    younger: bool = False,
    tips: Sequence[int] = (),
) -> Bench:
    """A node with `contract` at TARGET; its multicall runs out of gas after `gas` calls, not counting the history contract, and where it
    is `younger`, it is there at the head only. Each round takes the next of `history` as what that contract answers, the last for ever.
    Without `tips` it has no fee history."""
    pending = list(history)

    def aggregate(data: bytes) -> bytes:
        answers = []
        for place, (target, _, inner) in enumerate(decode(["(address,bool,bytes)[]"], data[4:])[0]):
            if target == HISTORY:
                assert int.from_bytes(inner, "big") == BLOCK.number
                answers.append((True, pending.pop(0) if len(pending) > 1 else pending[0]))
                continue
            answer = contract(inner) if place < gas else RpcError(-32_000, "out of gas")
            answers.append((False, answer.data) if isinstance(answer, RpcError) else (True, answer))
        return encode(["(bool,bytes)[]"], [answers])

    def answer(method: str, params: Sequence[Any]) -> Any:
        if method == "eth_feeHistory":
            return fee_history(BLOCK, tips) if tips else RpcError(-32_601, "Method not found")
        if method == "eth_getCode":
            assert params == [MULTICALL, "latest"]
            return "0x60" if younger else "0x"
        assert method == "eth_call"
        assert params[1] == {"blockHash": BLOCK.hash}
        changes = params[3] if len(params) > 3 and override else {}
        time = int(changes["time"], 16) if "time" in changes else BLOCK.timestamp
        assert not history or "number" not in changes or int(changes["number"], 16) == BLOCK.number + 1
        call = params[0]
        data = bytes.fromhex(call["data"][2:])
        if "to" not in call:
            return "0x" + time.to_bytes(32, "big").hex()
        if call["to"] == MULTICALL:
            return "0x" + (aggregate(data).hex() if multicall else "")
        result = contract(data)
        return result if isinstance(result, RpcError) else "0x" + result.hex()

    return bench(node(answer))


def _reader(on: Bench) -> Reader:
    return Reader(on.pool, on.clock, None, 50)


def _round(
    on: Bench, calls: Sequence[bytes], at: int | None = None, multicall: Address | None = MULTICALL, chunk: int = 2, prove: bool = False
) -> list[CallResult]:
    reader = Reader(on.pool, on.clock, multicall, chunk, prove=prove)
    when = None if at is None else Timestamp(at)
    return asyncio.run(reader.round([Call(TARGET, data) for data in calls], BLOCK, when))


EXPECTED = [CallResult(True, b"aa"), CallResult(False, b"\xde\xad"), CallResult(True, b"bb")]


@pytest.mark.parametrize("multicall", [MULTICALL, None])
@pytest.mark.parametrize("at", [None, 1_800_000_000])
def test_a_round_is_one_request(multicall: Address | None, at: int | None) -> None:
    """With Multicall3 or without, with a forecast or without; a revert is a result with its payload."""
    on = _chain()
    assert _round(on, [b"a", b"bad", b"b"], at, multicall) == EXPECTED
    assert on.pool.usage().following.requests == 2  # the chain id, and the round


def test_chunks_share_one_request() -> None:
    """Five calls, two per multicall: three calls in one batch."""
    on = _chain()
    assert len(_round(on, [b"a"] * 5)) == 5
    assert (on.pool.usage().following.requests, on.pool.usage().following.calls) == (2, 4)


def test_nothing_asked_nothing_sent() -> None:
    """An empty round has an empty answer."""
    on = _chain()
    assert _round(on, []) == []
    assert on.pool.usage().following.requests == 0


def test_where_there_is_no_multicall_contract_calls_go_singly() -> None:
    """Blocks before its deployment."""
    assert _round(_chain(multicall=False), [b"a", b"bad", b"b"]) == EXPECTED


def test_gas_shared_with_other_calls_does_not_fail_a_call() -> None:
    """In one multicall an expensive call can starve the next; what failed without a payload is asked again alone."""
    assert _round(_chain(gas=1), [b"a", b"a"]) == [CallResult(True, b"aa")] * 2


def test_a_multicall_that_fails_as_a_whole_is_taken_apart() -> None:
    """For instance because the node caps the gas of an eth_call."""

    def answer(method: str, params: Sequence[Any]) -> Any:
        return RpcError(-32_000, "out of gas") if params[0]["to"] == MULTICALL else "0x01"

    assert _round(bench(node(answer)), [b"a", b"b"]) == [CallResult(True, b"\x01")] * 2


def test_a_node_that_ignores_block_overrides_is_found_out() -> None:
    """It would answer for the wrong time without a word."""
    with pytest.raises(RpcError, match="ignores eth_call block overrides"):
        _round(_chain(override=False), [b"a", b"b"], 1_800_000_000)


def test_a_node_that_refuses_block_overrides_is_an_rpc_error() -> None:
    """The caller then does without a forecast."""

    def answer(method: str, params: Sequence[Any]) -> Any:
        return RpcError(-32_602, "too many arguments, want at most 3") if len(params) > 3 else "0x"

    with pytest.raises(RpcError, match="too many arguments"):
        _round(bench(node(answer)), [b"a"], 1_800_000_000)


def test_an_orphaned_block_is_told() -> None:
    """So that the work for it is dropped."""
    for multicall in (MULTICALL, None):
        with pytest.raises(BlockUnknown):
            _round(bench(node(lambda method, params: RpcError(-32_000, "header not found"))), [b"a", b"b"], None, multicall)


def test_a_nonsense_answer_is_a_failure_of_the_endpoint() -> None:
    """Not a call result."""
    with pytest.raises(RpcUnavailable, match="malformed"):
        _round(bench(node(lambda method, params: "0x1234")), [b"a", b"b"])


def test_a_question_may_depend_on_its_own_answers() -> None:
    """Two rounds, the second made of the first's result; then a value. The generator is closed whatever happens."""
    closed: list[bool] = []

    def question() -> Reads[bytes]:
        try:
            (first,) = yield [Call(TARGET, b"a")]
            (second,) = yield [Call(TARGET, first.data)]
            return second.data
        finally:
            closed.append(True)

    assert asyncio.run(_reader(_chain()).run(question(), BLOCK)) == b"aaaa"
    with pytest.raises(RpcError):
        asyncio.run(_reader(bench(node(lambda method, params: RpcError(-32_601, "no")))).run(question(), BLOCK))
    assert closed == [True, True]


def test_a_question_without_calls() -> None:
    """Some venues have nothing to ask."""

    def question() -> Reads[int]:
        yield from ()
        return 7

    assert asyncio.run(_reader(_chain()).run(question(), BLOCK)) == 7


OWN, LATER = bytes(32), bytes.fromhex(BLOCK.hash[2:])


def test_a_proven_round_is_asked_again_until_the_state_is_the_blocks_own() -> None:
    """The block's hash is part of the state from the next block on; until the node has settled, with short pauses."""
    on = _chain(history=[LATER, LATER, OWN])
    assert _round(on, [b"a", b"bad"], prove=True) == EXPECTED[:2]
    assert on.pool.usage().following.requests == 4
    assert on.clock.sleeps == [0.002, 0.004]
    assert on.incidents == []


@pytest.mark.parametrize("calls", [[b"a"], [b"a"] * 5])
def test_every_chunk_is_proven_and_a_single_call_too(calls: list[bytes]) -> None:
    """One of three chunks ran on another state: all are asked again."""
    on = _chain(history=[OWN, OWN, LATER, OWN] if len(calls) > 1 else [LATER, OWN])
    assert _round(on, calls, 1_800_000_000, prove=True) == [CallResult(True, b"aa")] * len(calls)
    assert on.pool.usage().following.requests == 3


def test_what_is_asked_again_alone_is_proven_again() -> None:
    """The second call starved, was asked alone, and first answered from a later state."""
    on = _chain(gas=1, history=[OWN, LATER, OWN])
    assert _round(on, [b"a", b"a"], prove=True) == [CallResult(True, b"aa")] * 2
    assert on.pool.usage().following.requests == 4


def test_a_state_that_stays_another_is_no_answer() -> None:
    """Rather none than a wrong one."""
    on = _chain(history=[LATER])
    with pytest.raises(RpcUnavailable, match="state of later blocks"):
        _round(on, [b"a", b"b"], prove=True)
    assert sum(on.clock.sleeps) < 1.1


@pytest.mark.parametrize("on", [_chain(history=[b""]), _chain(multicall=False, history=[OWN])])
def test_what_cannot_be_proven_is_not_taken_for_proven(on: Bench) -> None:
    """No history contract, or no multicall: the message says which setting to change."""
    with pytest.raises(RpcError, match="prove_reads"):
        _round(on, [b"a", b"b"], prove=True)


def test_blocks_older_than_the_multicall_are_read_without_proof() -> None:
    """They are history, about which no node errs."""
    assert _round(_chain(multicall=False, history=[OWN], younger=True), [b"a", b"bad", b"b"], prove=True) == EXPECTED


def test_a_multicall_that_is_nowhere_is_named() -> None:
    """And not the block hash history."""
    with pytest.raises(RpcError, match=rf"no contract at multicall of the chain, {MULTICALL}"):
        _round(_chain(multicall=False, history=[OWN]), [b"a"], prove=True)


def test_proving_needs_a_multicall() -> None:
    """Proof and calls must be one eth_call."""
    with pytest.raises(ConfigError, match="prove_reads needs"):
        _round(_chain(), [b"a"], multicall=None, prove=True)


def test_a_call_that_one_node_has_no_gas_for_is_asked_of_another() -> None:
    """Alone, without a multicall: only where nobody has enough is it the contract's own failure."""
    short = node(lambda method, params: RpcError(-32_603, "EVM error OutOfGas"))
    for other, expected in ((node(lambda method, params: "0x2a"), CallResult(True, b"\x2a")), (short, CallResult(False, b""))):
        on = bench(short, other)
        assert asyncio.run(Reader(on.pool, on.clock, None, 50).round([Call(TARGET, b"")], BLOCK)) == [expected]


@pytest.mark.parametrize("multicall", [MULTICALL, None])
@pytest.mark.parametrize("tips", [(5,), ()])
def test_what_others_pay_comes_with_the_reads_of_a_block(multicall: Address | None, tips: Sequence[int]) -> None:
    """In the same request, once a block, whether the endpoint tells or not; the reads are the same."""
    on = _chain(tips=tips)
    tip = MarketTip(3, 50, on.incidents.append)
    reader = Reader(on.pool, on.clock, multicall, 50, tip=tip)

    async def run() -> None:
        for _ in range(3):
            assert await reader.round([Call(TARGET, data) for data in (b"a", b"bad", b"b")], BLOCK) == EXPECTED

    asyncio.run(run())
    assert tip.wei == (5 if tips else None)
    assert on.pool.usage().following.requests == 4  # the chain id, and the rounds
    posts = [post for post in on.transports[0].posts if isinstance(post, list)]
    assert sum(call["method"] == "eth_feeHistory" for post in posts for call in post) == 1
    assert [incident.event for incident in on.incidents] == ([] if tips else ["no_fee_history"])


def test_what_others_pay_is_asked_once_though_the_state_was_another_blocks() -> None:
    """The reads are asked again, the tip is not."""
    on = _chain(history=[LATER, OWN], tips=(3,))
    tip = MarketTip(1, 50, on.incidents.append)
    results = asyncio.run(Reader(on.pool, on.clock, MULTICALL, 50, tip=tip, prove=True).round([Call(TARGET, b"a")], BLOCK))
    assert results == EXPECTED[:1]
    assert tip.wei == 3
