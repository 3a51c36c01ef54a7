"""Runs a venue's reads: every round of calls is one HTTP request, pinned to one block hash (EIP-1898)."""

from collections.abc import Sequence
from copy import copy
from typing import TypeVar

from keeper.chain.clock import Clock
from keeper.chain.market_tip import MarketTip
from keeper.chain.multicall import decode_aggregate, encode_aggregate
from keeper.chain.pool import Pool
from keeper.chain.query import Decode
from keeper.chain.refusals import SizeLimited
from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.domain.call_failure import is_call_failure, is_out_of_gas
from keeper.domain.chain import Address, BlockRef, Call, CallResult, Reads, Timestamp
from keeper.domain.parse import hex_bytes
from keeper.errors import ConfigError, RpcError, RpcUnavailable

T = TypeVar("T")

# Init code that returns the block time it runs at: TIMESTAMP PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN.
_TIME_PROBE = "0x4260005260206000f3"
_IGNORED_OVERRIDE = -32_602
# EIP-2935: the hash of block N stands in this contract's storage from block N+1 on.
_HISTORY = Address("0x0000f90827f1c53a10cb7a02335b175320002935")
_NO_PROOF = -32_001
_UNPROVEN = "no proof of the state that was read: no block hash history (EIP-2935) at that block; set prove_reads of the chain to false"
_NO_MULTICALL = "there is no contract at multicall of the chain, {}: correct the address, or set prove_reads to false and leave it out"
_PROOF_ATTEMPTS = 9
_PROOF_PAUSE_S = 0.002


class Reader:
    """Calls through Multicall3 where its address is known, else by one `eth_call` per call in one batch.

    With `prove`, every multicall also reads the block's own hash from the history contract (EIP-2935), as if it ran one block later: where
    the hash is there, the state is that of a later block, and the calls are repeated. All calls then see a NUMBER that is one higher.
    anvil (1.7.1) needs this: it answers a call pinned to its newest block from the state of the block it is mining, but never errs about
    older ones."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        multicall: Address | None,
        calls_per_multicall: int,
        *,
        tip: MarketTip | None = None,
        prove: bool = False,
    ) -> None:
        """`tip` is asked along with the reads. Raises ConfigError for `prove` without a multicall: the proof must be of the same call as
        what it proves."""
        if prove and multicall is None:
            raise ConfigError("chain: prove_reads needs the address of multicall; name it, or set prove_reads to false")
        self._pool = pool
        self._clock = clock
        self._multicall = multicall
        self._chunk = calls_per_multicall
        self._tip = tip
        self._prove = prove
        self._turn = 0
        self.endpoint_name = ""
        """The endpoint of the last answer."""

    def with_turn(self, turn: int) -> "Reader":
        """The same reader, starting with another endpoint, where there is one (`turn` as in `Pool.ask`)."""
        reader = copy(self)
        reader._turn = turn
        return reader

    async def run(self, reads: Reads[T], block: BlockRef, at: Timestamp | None = None) -> T:
        """Drive the generator to its end. `at` is the block time the calls see instead of the block's own.

        Raises BlockUnknown when the block is gone, RpcError when the node refuses, or with `at` has no block overrides."""
        try:
            calls = next(reads)
            while True:
                calls = reads.send(await self.round(calls, block, at))
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            reads.close()

    async def round(self, calls: Sequence[Call], block: BlockRef, at: Timestamp | None = None) -> list[CallResult]:
        """The results of `calls` in order. A call that reverts is a result; see `run` for what is raised."""
        if not calls:
            return []
        if self._multicall is None or (len(calls) == 1 and not self._prove):
            return await self._single_calls(calls, block, at)
        try:
            results = await self._multicalls(self._multicall, self._chunks(calls), block, at)
        except _NoMulticallError:
            if self._prove:
                await self._require_multicall_now(self._multicall)
            return await self._single_calls(calls, block, at)
        except (SizeLimited, RpcError) as error:
            if isinstance(error, RpcError) and not is_call_failure(error):
                raise
            return await self._isolated_calls(self._multicall, calls, block, at)
        # A failure without a payload may only mean that the calls before it used up the common gas.
        suspects = [place for place, result in enumerate(results) if not result.success and not result.data]
        if suspects:
            isolated_results = await self._isolated_calls(self._multicall, [calls[place] for place in suspects], block, at)
            for place, result in zip(suspects, isolated_results, strict=True):
                results[place] = result
        return results

    async def _require_multicall_now(self, multicall: Address) -> None:
        """Blocks before the multicall's deployment are history, about which no node errs: their reads need no proof. Raises RpcError where
        the contract is not there now either."""
        code = await self._pool.ask([RpcCall("eth_getCode", [multicall, "latest"])], lambda answers: answers[0])
        if isinstance(code, RpcError):
            raise code
        if not hex_bytes(code):
            raise RpcError(_NO_PROOF, _NO_MULTICALL.format(multicall))

    def _chunks(self, calls: Sequence[Call]) -> list[Sequence[Call]]:
        return [calls[start : start + self._chunk] for start in range(0, len(calls), self._chunk)]

    async def _isolated_calls(self, multicall: Address, calls: Sequence[Call], block: BlockRef, at: Timestamp | None) -> list[CallResult]:
        """As `_multicalls`, but no call shares its gas with another."""
        if self._prove:
            return await self._multicalls(multicall, [[call] for call in calls], block, at)
        return await self._single_calls(calls, block, at)

    async def _multicalls(
        self, multicall: Address, chunks: Sequence[Sequence[Call]], block: BlockRef, at: Timestamp | None
    ) -> list[CallResult]:
        """All chunks through Multicall3 in one request; with `prove` repeated until the state is the block's own."""
        for attempt in range(_PROOF_ATTEMPTS):
            try:
                return await self._aggregate(multicall, chunks, block, at)
            except _OtherStateError:
                # The node is about to publish the block whose state this was; then the pinned block is history, and read correctly.
                await self._clock.sleep(_PROOF_PAUSE_S * 2.0**attempt)
        raise RpcUnavailable(f"the endpoint answers calls pinned to block {block.number} from the state of later blocks")

    async def _aggregate(
        self, multicall: Address, chunks: Sequence[Sequence[Call]], block: BlockRef, at: Timestamp | None
    ) -> list[CallResult]:
        def decode(answers: Sequence[Answer]) -> list[CallResult]:
            results: list[CallResult] = []
            for chunk, answer in zip(chunks, _without_time_probe(answers, at), strict=True):
                if isinstance(answer, RpcError):
                    raise answer
                data = hex_bytes(answer)
                if not data:
                    raise _NoMulticallError
                results += self._without_proof(decode_aggregate(data, len(chunk) + len(proof)), block)
            return results

        proof = [Call(_HISTORY, block.number.to_bytes(32, "big"))] if self._prove else []
        multicalls = [Call(multicall, encode_aggregate([*chunk, *proof])) for chunk in chunks]
        return await self._ask(_eth_calls(multicalls, block, at, next_block=self._prove), decode, block)

    def _without_proof(self, results: Sequence[CallResult], block: BlockRef) -> Sequence[CallResult]:
        """A chunk's results without the proof's. Raises _OtherStateError when the block's hash is part of the state already."""
        if not self._prove:
            return results
        *call_results, proof = results
        if not proof.success or len(proof.data) != 32:
            raise RpcError(_NO_PROOF, _UNPROVEN)
        if "0x" + proof.data.hex() == block.hash:
            raise _OtherStateError
        return call_results

    async def _ask(self, calls: Sequence[RpcCall], decode: Decode[T], block: BlockRef) -> T:
        """`decode` of the answers to `calls`. The first request about a block also asks for the tip that others pay."""
        tip = self._tip
        tip_call = tip.call(block) if tip is not None else None
        if tip is None or tip_call is None:
            endpoint, answer = await self._pool.ask_named(calls, decode, turn=self._turn)
        else:
            endpoint, answer = await self._pool.ask_named([*calls, tip_call], _taking(tip, block, decode), turn=self._turn)
        self.endpoint_name = endpoint.name
        return answer

    async def _single_calls(self, calls: Sequence[Call], block: BlockRef, at: Timestamp | None) -> list[CallResult]:
        """One `eth_call` each. Running out of gas is the contract's own failure only when it does so at every endpoint."""

        def decode(answers: Sequence[Answer]) -> list[CallResult]:
            gas_error = next((answer for answer in answers if isinstance(answer, RpcError) and is_out_of_gas(answer)), None)
            if gas_error is not None:
                raise gas_error
            return call_results(answers)

        def call_results(answers: Sequence[Answer]) -> list[CallResult]:
            return [_result(answer) for answer in _without_time_probe(answers, at)]

        requests = _eth_calls(calls, block, at)
        try:
            return await self._ask(requests, decode, block)
        except RpcError as error:
            if not is_out_of_gas(error):
                raise
            return await self._ask(requests, call_results, block)


def _taking(tip: MarketTip, block: BlockRef, decode: Decode[T]) -> Decode[T]:
    """The decoder of answers the last of which is for `tip`."""

    def decode_rest(answers: Sequence[Answer]) -> T:
        tip.take(answers[-1], block)
        return decode(answers[:-1])

    return decode_rest


class _NoMulticallError(Exception):
    """There is no contract at the multicall's address, at that block."""


class _OtherStateError(Exception):
    """The calls ran on the state of a later block."""


def _eth_calls(calls: Sequence[Call], block: BlockRef, at: Timestamp | None, *, next_block: bool = False) -> list[RpcCall]:
    """One `eth_call` each. With `at`, a last one returns the block time that was really used: a node that ignores the fourth
    parameter would otherwise answer for the wrong time unnoticed."""
    block_params: list[Json] = [{"blockHash": block.hash}]
    overrides = {} if at is None else {"time": hex(at)}
    if next_block:
        overrides["number"] = hex(block.number + 1)
    if overrides:
        block_params += [{}, overrides]
    requests = [RpcCall("eth_call", [{"to": call.to, "data": "0x" + call.data.hex()}, *block_params]) for call in calls]
    if at is not None:
        requests.append(RpcCall("eth_call", [{"data": _TIME_PROBE}, *block_params]))
    return requests


def _without_time_probe(answers: Sequence[Answer], at: Timestamp | None) -> Sequence[Answer]:
    """The answers to the calls themselves. Raises RpcError when the block time was not overridden."""
    if at is None:
        return answers
    *results, probe = answers
    if isinstance(probe, RpcError):
        raise probe
    if int(probe, 16) != at:
        raise RpcError(_IGNORED_OVERRIDE, f"the endpoint ignores eth_call block overrides (time {at}, seen {int(probe, 16)})")
    return results


def _result(answer: Answer) -> CallResult:
    if isinstance(answer, RpcError):
        if not is_call_failure(answer):
            raise answer
        return CallResult(False, answer.data)
    return CallResult(True, hex_bytes(answer))
