"""A node without a chain: it takes transactions into a pool, and the test says what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_utils.crypto import keccak

from keeper.domain.chain import BlockRef, Hash32, Timestamp
from keeper.errors import RpcError, Transient


def live(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario that must not take long."""

    async def limited() -> None:
        async with asyncio.timeout(20):
            await scenario()

    asyncio.run(limited())


def block(number: int, fork: int = 0) -> BlockRef:
    """The block at a height; `fork` tells rivals apart."""
    return BlockRef(number, _hash(number, fork), _hash(number - 1, fork), Timestamp(1_700_000_000 + number), 10**8)


def _hash(number: int, fork: int) -> Hash32:
    return Hash32(f"0x{fork:08x}{number:056x}")


@dataclass
class QuietNode:
    """`used` is the account's count, `receipts` by transaction hash, `canonical` the blocks by height, `refusals` raised one by one.
    `blocks` holds what is truly in each block, which it proves where it `proves`; `sent_in` other transactions of our account."""

    used: int = 0
    pending: int | None = None
    sent: list[str] = field(default_factory=list)
    receipts: dict[str, Any] = field(default_factory=dict)
    canonical: dict[int, BlockRef] = field(default_factory=dict)
    refusals: list[Exception] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent_in: dict[str, list[Any]] = field(default_factory=dict)
    proves: bool = True
    proofs: int = 0
    newest: int = 10

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        return self._answer(method, params)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        answers: list[Any] = []
        for method, params in calls:
            try:
                answers.append(self._answer(method, params))
            except RpcError as error:
                answers.append(error)
        return answers

    async def opinions(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[tuple[str, Sequence[Any]]]:
        try:
            return [("quiet", await self.batch(calls))]
        except Transient:
            return []

    async def block_receipts(self, block: BlockRef) -> Sequence[Mapping[str, Any]] | None:
        self.proofs += 1
        if not self.proves:
            return None
        return [receipt for receipt in self.blocks.get(block.hash, {}).values() if receipt is not None]

    def use(self, sender: str, nonce: int, at: BlockRef) -> None:
        """Somebody else's transaction with our key."""
        self.canonical[at.number] = at
        self.sent_in.setdefault(at.hash, []).append({"from": sender, "nonce": hex(nonce), "hash": f"0x{nonce:064x}"})

    def mine(
        self,
        transaction_hash: str,
        at: BlockRef,
        *,
        succeeded: bool = True,
        logs: Sequence[Any] = (),
        gas: int = 50_000,
        price_wei: int = 10**9,
    ) -> None:
        """Put a transaction into a block that is canonical until the test says otherwise."""
        self.canonical[at.number] = at
        receipt = {
            "transactionHash": transaction_hash,
            "blockNumber": hex(at.number),
            "blockHash": at.hash,
            "status": hex(succeeded),
            "gasUsed": hex(gas),
            "effectiveGasPrice": hex(price_wei),
            "logs": list(logs),
        }
        self.receipts[transaction_hash] = receipt
        self.blocks.setdefault(at.hash, {})[transaction_hash] = receipt

    def _answer(self, method: str, params: Sequence[Any]) -> Any:
        if method in self.answers:
            if isinstance(self.answers[method], Exception):
                raise self.answers[method]
            return self.answers[method]
        match method, list(params):
            case "eth_getTransactionCount", [_, tag]:
                return hex(self.pending if tag == "pending" and self.pending is not None else self.used)
            case "eth_getTransactionReceipt", [name]:
                return self.receipts.get(name)
            case "eth_blockNumber", []:
                return hex(self.newest)
            case "eth_getBlockByNumber", [number, _]:
                return self._header(self.canonical.get(int(number, 16)))
            case "eth_sendRawTransaction", [raw]:
                return self._take(raw)
        raise AssertionError(f"unexpected {method}")

    def _take(self, raw: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append("0x" + keccak(bytes.fromhex(raw[2:])).hex())
        return self.sent[-1]

    def _header(self, ref: BlockRef | None) -> Any:
        if ref is None:
            return None
        hashes = self.sent_in.get(ref.hash, [])
        return {
            "transactions": hashes,
            "number": hex(ref.number),
            "hash": ref.hash,
            "parentHash": ref.parent_hash,
            "timestamp": hex(ref.timestamp),
        }
