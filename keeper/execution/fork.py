"""One fork of the chain: moved from head to head; simulations leave no trace on it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Self

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.outcome import SimOutcome, SimReverted
from keeper.domain.parse import hash32, hex_bytes, quantity
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable, Transient
from keeper.execution.batch import results_of, simulated
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.fork_process import ForkProcess
from keeper.execution.gateway import Door
from keeper.execution.node import Json, Node
from keeper.execution.receipt import parse_logs

_PLENTY_WEI = 10**24
_REFUSED = -32_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A transaction to simulate at a block time."""

    sender: Address
    to: Address
    calldata: bytes
    gas: int
    at: Timestamp

    def wire(self) -> dict[str, Json]:
        """As a JSON-RPC transaction object; the node fills in nonce and fees."""
        return {"from": self.sender, "to": self.to, "data": "0x" + self.calldata.hex(), "gas": hex(self.gas)}


class Fork:
    """An anvil fork at a block, which it gets through `door`. `node` serves access lists only; None does without them."""

    def __init__(self, process: ForkProcess, connection: ForkConnection, node: Node | None, door: Door, stack: AsyncExitStack) -> None:
        self._process = process
        self._connection = connection
        self._node = node
        self._door = door
        self._stack = stack
        self._block: BlockRef | None = None
        self._known: set[tuple[str, str]] = set()

    @classmethod
    async def start(cls, command: Sequence[str], door: Door, node: Node | None, timeout_s: float) -> Self:
        """Start the process. Raises ConfigError (no program), RpcUnavailable."""
        async with AsyncExitStack() as stack:
            process = await ForkProcess.start(command, door.url, timeout_s)
            stack.push_async_callback(process.stop)
            connection = await stack.enter_async_context(ForkConnection(process.url, timeout_s))
            return cls(process, connection, node, door, stack.pop_all())

    @property
    def pid(self) -> int:
        """The process behind it."""
        return self._process.pid

    @property
    def cut_off(self) -> bool:
        """Whether the last failure was the chain's, not the fork's own: a restart would not help."""
        return self._door.failure is not None

    async def close(self) -> None:
        """End the process."""
        await self._stack.aclose()

    async def move_to(self, block: BlockRef) -> None:
        """Stand on `block`. Cheap when there already. Raises BlockUnknown when no endpoint has the block (any more)."""
        if self._block is not None and self._block.hash == block.hash:
            return
        self._block = None
        self._known.clear()
        self._door.show(block)
        ahead = asyncio.create_task(self._door.fetch_ahead())
        try:
            answer = await self._reset(block.number)
            await self._load(await ahead)
        finally:
            ahead.cancel()
        if answer is None or hash32(answer["hash"]) != block.hash:
            raise BlockUnknown(0, f"the fork does not stand on block {block.number} {block.hash}")
        self._block = block

    async def settle(self, trial: Trial) -> SimOutcome:
        """Run the transaction as the only one of the next block, at `trial.at`; its effects are not kept. Call `move_to` first.

        `duration_ms` is the whole of it. Raises RpcError when the fork refuses the transaction as such (gas above the block's limit)."""
        start_s = time.perf_counter()
        await self._prefetch(trial)
        answer = await self._request("eth_simulateV1", [self._next_block(trial), "latest"])
        return _outcome(answer, trial, start_s)

    async def _reset(self, number: int) -> Json:
        """Fork anew; returns the header of the fork's newest block."""
        await self._request("anvil_reset", [{"forking": {"jsonRpcUrl": self._door.url, "blockNumber": number}}])
        return await self._request("eth_getBlockByNumber", [hex(number), False])

    async def _load(self, state: str | None) -> None:
        """Load the known part of the block's state into the fork, which then asks slot by slot only for the rest."""
        if state is not None:
            with suppress(RpcError):
                await self._request("anvil_loadState", [state])

    async def _request(self, method: str, params: Sequence[Json]) -> Json:
        """One call of the fork. Where it failed because the chain did not answer, raises the chain's failure."""
        self._door.clear()
        try:
            return await self._connection.request(method, params)
        except RpcError as error:
            fork_error = RpcError(error.code, error.message.replace(self._door.url, "<the gateway>"), error.data)
            raise self._door.failure or fork_error from None

    def _next_block(self, trial: Trial) -> Json:
        """The parameter of eth_simulateV1. The sender has coin enough for gas; the base fee is not checked, but contracts see it."""
        number = 0 if self._block is None else self._block.number + 1
        block = {
            "blockOverrides": {"number": hex(number), "time": hex(trial.at)},
            "stateOverrides": {trial.sender: {"balance": hex(_PLENTY_WEI)}},
            "calls": [trial.wire()],
        }
        return {"blockStateCalls": [block], "validation": True}

    async def _prefetch(self, trial: Trial) -> None:
        """Ask the fork for all slots of the access list at once; the EVM would fetch them one after the other, each a round trip."""
        if self._node is None or self._block is None:
            return
        try:
            access_list = await self._node.request("eth_createAccessList", [trial.wire(), hex(self._block.number)])
            access_slots = {(item["address"], slot) for item in access_list["accessList"] for slot in ("code", *item["storageKeys"])}
        except (RpcError, Transient, KeyError, TypeError):
            # The node lacks the method, cannot list a call that reverts, is busy, or the answer is malformed: only speed is lost.
            return
        slots = access_slots - self._known
        # One request each: anvil works through a batch in order, and waits for the node at every step.
        async with asyncio.TaskGroup() as group:
            for address, slot in slots:
                group.create_task(self._fetch(address, slot))
        self._known |= slots

    async def _fetch(self, address: str, slot: str) -> None:
        # The nonce is the smallest answer that makes the fork fetch the whole account, code included.
        request = ("eth_getTransactionCount", [address, "latest"]) if slot == "code" else ("eth_getStorageAt", [address, slot, "latest"])
        try:
            await self._request(*request)
        except (RpcError, Transient):
            # The EVM fetches missing state itself; a dead fork fails there.
            return


def _outcome(answer: Json, trial: Trial, start_s: float) -> SimOutcome:
    """From eth_simulateV1's answer: one block with one call. Raises RpcError (gas above the block's limit), RpcUnavailable (malformed)."""
    try:
        (block,) = answer
        (call,) = block["calls"]
        gas_limit, gas_used = quantity(block["gasLimit"]), quantity(call["gasUsed"])
        succeeded, output, logs = quantity(call["status"]) == 1, hex_bytes(call["returnData"]), parse_logs(call["logs"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RpcUnavailable(f"the fork answered a simulation with {str(answer)[:80]!r}") from error
    if trial.gas > gas_limit:
        raise RpcError(_REFUSED, f"the plan's gas {trial.gas} is above the block's limit {gas_limit}")
    duration_ms = (time.perf_counter() - start_s) * 1e3
    if not succeeded:
        return SimReverted(output, gas_used, duration_ms)
    return simulated(results_of(trial.calldata, output, trial.to), gas_used, logs, duration_ms)
