"""Simulates a transaction: by eth_call on the node, and as a mined transaction on a local fork of its head."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from keeper.domain.call_failure import is_call_failure
from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.outcome import SimOutcome, SimReverted
from keeper.domain.parse import hex_bytes
from keeper.errors import RpcError, RpcUnavailable
from keeper.execution.batch import results_of, simulated
from keeper.execution.fork import Fork, Trial
from keeper.execution.gateway import Door
from keeper.execution.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """`anvil_command`: the program and leading arguments.

    `prefetch` fetches a candidate's state concurrently, as eth_createAccessList predicts it. Measured on the first Perp V2 candidate
    of a head: 3.6 s without and 0.35 s with it when the node is 20 ms away, but 0.05 s without and 0.13 s with it on one machine."""

    anvil_command: tuple[str, ...]
    timeout_s: float = 20.0
    prefetch: bool = True


class ForkSimulator:
    """One fork process, used by one candidate at a time; it is started when first needed and again when it has died.

    An async context manager; leaving it ends the process. `node` is the chain's own client, `door` the fork's way to the chain."""

    def __init__(self, options: SimulatorOptions, node: Node, door: Door) -> None:
        self._options = options
        self._node = node
        self._door = door
        self._fork: Fork | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        # Started ahead, so that the first candidate need not wait; while the chain does not answer, only when it is needed.
        async with self._turn:
            with suppress(RpcUnavailable):
                self._fork = await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discard()

    @property
    def fork_pid(self) -> int | None:
        """The fork's process id and process group; None while there is none."""
        return self._fork.pid if self._fork is not None else None

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """One `eth_call` of KeeperExecutor.execute or executeBatch at `block`'s hash, seen at block time `at`.

        `change` is the change of the executor's worth. A call has neither gas nor logs: `gas_used` is 0 and `logs` empty; the
        plans of a batch say what they used.
        Raises BlockUnknown, RpcError (a node without block overrides), RpcUnavailable (also when the answer is no KeeperExecutor's)."""
        start = time.perf_counter()
        trial = Trial(sender, to, calldata, gas, at)
        # Only the time is set: block.number means another chain's block on some rollups.
        try:
            answer = await self._node.request("eth_call", [trial.wire(), {"blockHash": block.hash}, {}, {"time": hex(at)}])
        except RpcError as error:
            if not is_call_failure(error):
                raise
            return SimReverted(error.data, 0, _since(start))
        try:
            output = hex_bytes(answer)
        except (TypeError, ValueError, AttributeError) as error:
            raise RpcUnavailable(f"eth_call answered with {str(answer)[:40]!r}") from error
        return simulated(results_of(calldata, output, to), 0, (), _since(start))

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """Mine it on a fork of `block` at block time `at`, then undo it.

        Raises BlockUnknown when `block` is no longer the node's, RpcError when the transaction cannot be mined at all (gas above the
        block's limit), RpcUnavailable when the fork fails twice or the answer is no KeeperExecutor's."""
        trial = Trial(sender, to, calldata, gas, at)
        async with self._turn:
            try:
                return await self._settle(trial, block)
            except RpcUnavailable:
                if self._fork is not None and self._fork.cut_off:
                    raise
                # Dead or hanging: a new fork costs less than telling which.
                await self._discard()
            return await self._settle(trial, block)

    async def _settle(self, trial: Trial, block: BlockRef) -> SimOutcome:
        if self._fork is None:
            self._door.show(block)
            self._fork = await self._start()
        await self._fork.move_to(block)
        return await self._fork.settle(trial)

    async def _start(self) -> Fork:
        options = self._options
        access_list_node = self._node if options.prefetch else None
        return await Fork.start(options.anvil_command, self._door, access_list_node, options.timeout_s)

    async def _discard(self) -> None:
        fork, self._fork = self._fork, None
        if fork is not None:
            await fork.close()


class SimulatorPool:
    """Several forks of the same chain: as many candidates can be settled at once. Satisfies the port `Simulator`."""

    def __init__(self, simulators: Sequence[ForkSimulator]) -> None:
        self._first = simulators[0]
        self._free: asyncio.Queue[ForkSimulator] = asyncio.Queue()
        for simulator in simulators:
            self._free.put_nowait(simulator)

    async def pre_check(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """See ForkSimulator.pre_check."""
        return await self._first.pre_check(sender, to, calldata, gas, block, at)

    async def settle(self, sender: Address, to: Address, calldata: bytes, gas: int, block: BlockRef, at: Timestamp) -> SimOutcome:
        """See ForkSimulator.settle; waits for a free fork."""
        simulator = await self._free.get()
        try:
            return await simulator.settle(sender, to, calldata, gas, block, at)
        finally:
            self._free.put_nowait(simulator)


def _since(start: float) -> float:
    return (time.perf_counter() - start) * 1e3
