"""Writing to the devnet: transactions queued with explicit nonces, mined in blocks of a chosen time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import rlp
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from contracts.devnet.calldata import calldata, returned
from contracts.devnet.rpc import Rpc, RpcError

TIP = 1_000_000_000
_FEE_CAP = 200_000_000_000
CALL_GAS = 500_000
CREATE_GAS = 6_500_000
TRADE_GAS = 3_000_000


class DevnetError(RuntimeError):
    """A transaction of the set-up failed, or was not mined."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is to be sent; `to` is None for a creation, `value` in wei. `note` names it in errors."""

    sender: str
    to: str | None
    data: str
    gas: int
    note: str
    tip: int = TIP
    value: int = 0


@dataclass(frozen=True, slots=True)
class MinedBlock:
    """A block we had mined, with those of our own transactions that failed, in words."""

    number: int
    timestamp: int
    failures: tuple[str, ...]


@dataclass(slots=True)
class Chain:
    """A queue of transactions for one node. Every sender must be unlocked there (dev account or impersonated)."""

    rpc: Rpc
    now: int
    gas_limit: int
    _nonces: dict[str, int] = field(default_factory=dict)
    _queue: list[Transaction] = field(default_factory=list)

    @classmethod
    def at_head(cls, rpc: Rpc) -> Self:
        """A chain writer whose clock stands at the newest block."""
        head = rpc.call("eth_getBlockByNumber", "latest", False)
        return cls(rpc, int(head["timestamp"], 16), int(head["gasLimit"], 16))

    def queue(self, transaction: Transaction) -> None:
        """Queues a transaction; the nonces of a sender follow the order of queueing."""
        self._queue.append(transaction)

    def send(self, sender: str, to: str, signature: str, *arguments: object, gas: int = CALL_GAS, tip: int = TIP) -> None:
        """Queues a call."""
        note = f"{signature.partition('(')[0]} on {to} by {sender}"
        self.queue(Transaction(sender, to, calldata(signature, *arguments), gas, note, tip))

    def create(self, sender: str, code: str, note: str) -> str:
        """Queues a creation and returns the address it will have (it depends on sender and nonce alone)."""
        nonce = self._nonce(sender) + sum(1 for queued in self._queue if queued.sender == sender)
        self.queue(Transaction(sender, None, code, CREATE_GAS, f"create {note}"))
        return created_address(sender, nonce)

    def mine(self, timestamp: int) -> int:
        """Mines blocks from `timestamp` on, a second apart, until all that is queued is in; returns the last number.

        Raises DevnetError if a transaction reverted or was not mined.
        """
        mined = self._mine_one(timestamp)
        while self._queue:
            _demand(mined)
            mined = self._mine_one(self.now + 1)
        _demand(mined)
        return mined.number

    def produce(self, timestamp: int) -> MinedBlock:
        """Mines one block with what is queued and whatever others sent; failures are reported, not raised.

        Nonces are asked for anew afterwards, as a reorg or a dropped transaction may have changed them.
        """
        mined = self._mine_one(timestamp)
        self._nonces.clear()
        return mined

    def view(self, to: str, signature: str, types: tuple[str, ...], *arguments: object) -> tuple[Any, ...]:
        """The decoded result of an eth_call at the newest block."""
        result = self.rpc.call("eth_call", {"to": to, "data": calldata(signature, *arguments)}, "latest")
        return returned(types, result)

    def _fitting(self) -> int:
        """How many of the queue surely fit into one block.

        anvil drops what follows, for a wrong nonce, when a transaction did not fit: so none may be in that place.
        """
        room = self.gas_limit
        for count, queued in enumerate(self._queue):
            room -= queued.gas
            if room < 0:
                return count
        return len(self._queue)

    def _hand_over(self, count: int) -> dict[str, Transaction]:
        batch, self._queue = self._queue[:count], self._queue[count:]
        hashes = self.rpc.batch([("eth_sendTransaction", [self._fields(queued)]) for queued in batch])
        return dict(zip(hashes, batch, strict=True))

    def _mine_one(self, timestamp: int) -> MinedBlock:
        transactions = self._hand_over(self._fitting())
        self.rpc.batch([("evm_setNextBlockTimestamp", [timestamp]), ("evm_mine", [])])
        self.now = timestamp
        number = int(self.rpc.call("eth_blockNumber"), 16)
        return MinedBlock(number, timestamp, self._failures(transactions, number))

    def _failures(self, transactions: dict[str, Transaction], number: int) -> tuple[str, ...]:
        """Everything handed over must be in the block, and well; what is not, in words."""
        if not transactions:
            return ()
        receipts = {item["transactionHash"]: item for item in self.rpc.call("eth_getBlockReceipts", hex(number))}
        missing = [f"{item.note}: not in block {number}" for key, item in transactions.items() if key not in receipts]
        bad = [item for key, item in transactions.items() if key in receipts and receipts[key]["status"] != "0x1"]
        return (*missing, *(f"{item.note}: reverted in block {number}: {self._reason(item, number)}" for item in bad))

    def _reason(self, mined: Transaction, number: int) -> str:
        """Why, as far as a repetition behind the block can tell."""
        try:
            self.rpc.call("eth_call", {"from": mined.sender, "to": mined.to, "data": mined.data, "value": hex(mined.value)}, hex(number))
        except RpcError as error:
            return str(error)
        return "it succeeds when repeated after the block"

    def _nonce(self, sender: str) -> int:
        if sender not in self._nonces:
            self._nonces[sender] = int(self.rpc.call("eth_getTransactionCount", sender, "pending"), 16)
        return self._nonces[sender]

    def _fields(self, queued: Transaction) -> dict[str, str]:
        nonce = self._nonce(queued.sender)
        self._nonces[queued.sender] = nonce + 1
        fields = {
            "from": queued.sender,
            "data": queued.data,
            "gas": hex(queued.gas),
            "nonce": hex(nonce),
            "maxFeePerGas": hex(_FEE_CAP),
            "maxPriorityFeePerGas": hex(queued.tip),
            "value": hex(queued.value),
        }
        return fields if queued.to is None else {**fields, "to": queued.to}


def _demand(mined: MinedBlock) -> None:
    if mined.failures:
        raise DevnetError(mined.failures[0])


def created_address(sender: str, nonce: int) -> str:
    """Address of the contract that `sender` creates with its transaction number `nonce`."""
    return to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:])
