"""One fork of the chain: moved from head to head, and put back after every transaction."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Self

from keeper.domain.chain import Address, BlockRef, Timestamp
from keeper.domain.outcome import SimOutcome, SimReverted, SimSettled
from keeper.domain.parse import hash32, hex_bytes
from keeper.errors import BlockUnknown, RpcError, RpcUnavailable, Transient
from keeper.execution.executor import executed_change
from keeper.execution.fork_connection import ForkConnection
from keeper.execution.fork_process import ForkProcess
from keeper.execution.gateway import Door
from keeper.execution.node import Json, Node
from keeper.execution.receipt import Receipt, parse_receipt

_PLENTY_WEI = 10**24
_TOP_CALL = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}


@dataclass(frozen=True, slots=True)
class Trial:
    """A transaction to try out at a block time."""

    sender: Address
    to: Address
    calldata: bytes
    gas: int
    at: Timestamp

    def wire(self) -> dict[str, Json]:
        """As a JSON-RPC transaction object; whoever runs it fills in nonce and fees."""
        return {"from": self.sender, "to": self.to, "data": "0x" + self.calldata.hex(), "gas": hex(self.gas)}


class Fork:
    """An anvil fork at a block, which it gets through `door`. `node` is asked for access lists only; None for doing without them."""

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
        """Whether the last failure was the chain's, not the fork's own: starting it again would not help."""
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
        """Mine the transaction in a block of its own at `trial.at`, then undo it. Call `move_to` first.

        `duration_ms` is the whole of it. Raises RpcError when the fork refuses the transaction as such (gas above the block's limit)."""
        started = time.perf_counter()
        await self._warm(trial)
        # Until the undo is proven the fork stands nowhere, so that a failure or a cancellation in between forces a reset.
        block, self._block = self._block, None
        snapshot = await self._request("evm_snapshot", [])
        receipt = await self._mine(trial)
        payload = b"" if receipt.succeeded else await self._payload(receipt)
        if await self._request("evm_revert", [snapshot]) is not True:
            raise RpcUnavailable("the fork could not undo a transaction")
        self._block = block
        duration_ms = (time.perf_counter() - started) * 1e3
        if not receipt.succeeded:
            return SimReverted(payload, receipt.gas_used, duration_ms)
        return SimSettled(executed_change(receipt.logs, trial.to), receipt.gas_used, receipt.logs, duration_ms)

    async def _reset(self, number: int) -> Json:
        """Fork anew, and the header of the block it then stands on."""
        await self._request("anvil_reset", [{"forking": {"jsonRpcUrl": self._door.url, "blockNumber": number}}])
        return await self._request("eth_getBlockByNumber", [hex(number), False])

    async def _load(self, state: str | None) -> None:
        """Give the fork what is known of the block's state, so that it need not ask for it slot by slot. What is missing it still asks."""
        if state is not None:
            with suppress(RpcError):
                await self._request("anvil_loadState", [state])

    async def _request(self, method: str, params: Sequence[Json]) -> Json:
        """One call of the fork. Where it failed because the chain did not answer it, the chain's failure is raised."""
        self._door.clear()
        try:
            return await self._connection.request(method, params)
        except RpcError as error:
            own = RpcError(error.code, error.message.replace(self._door.url, "<the gateway>"), error.data)
            raise self._door.failure or own from None

    async def _warm(self, trial: Trial) -> None:
        """Fetch what the transaction touches before the snapshot is taken: evm_revert throws away what was fetched after it."""
        if (trial.sender, "balance") not in self._known:
            await self._request("anvil_setBalance", [trial.sender, hex(_PLENTY_WEI)])
            self._known.add((trial.sender, "balance"))
        await self._prefetch(trial)
        try:
            await self._request("eth_call", [trial.wire(), "latest", {}, {"time": hex(trial.at)}])
        except RpcError:
            # A revert is the mined transaction's to report; the state has been fetched all the same.
            return

    async def _prefetch(self, trial: Trial) -> None:
        """Ask the fork for all slots of the access list at once; left alone the EVM fetches them one after the other, each a round trip."""
        if self._node is None or self._block is None:
            return
        try:
            listed = await self._node.request("eth_createAccessList", [trial.wire(), hex(self._block.number)])
            listed_slots = {(item["address"], slot) for item in listed["accessList"] for slot in ("code", *item["storageKeys"])}
        except (RpcError, Transient, KeyError, TypeError):
            # The node has no such method, cannot list a call that reverts, is busy or talks nonsense: only speed is lost.
            return
        wanted = listed_slots - self._known
        # One request each: anvil works through a batch in order, and waits for the node at every step.
        async with asyncio.TaskGroup() as group:
            for address, slot in wanted:
                group.create_task(self._fetch(address, slot))
        self._known |= wanted

    async def _fetch(self, address: str, slot: str) -> None:
        # The nonce is the smallest answer that makes the fork fetch the whole account, code included.
        question = ("eth_getTransactionCount", [address, "latest"]) if slot == "code" else ("eth_getStorageAt", [address, slot, "latest"])
        try:
            await self._request(*question)
        except (RpcError, Transient):
            # What is missing is fetched when the EVM asks for it; a fork that has died says so there.
            return

    async def _mine(self, trial: Trial) -> Receipt:
        transaction_hash = await self._request("eth_sendTransaction", [trial.wire()])
        await self._request("evm_mine", [{"timestamp": trial.at}])
        receipt = parse_receipt(await self._request("eth_getTransactionReceipt", [transaction_hash]))
        if receipt is None:
            raise RpcUnavailable("the fork did not mine the transaction")
        return receipt

    async def _payload(self, receipt: Receipt) -> bytes:
        """The revert payload; empty when it reverted without one (out of gas, a bare revert)."""
        trace = await self._request("debug_traceTransaction", [receipt.transaction_hash, _TOP_CALL])
        return hex_bytes(trace.get("output") or "0x")
