"""The least that sending takes on an idle node: one eth_call, one signature, one commit of the outbox, one send."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from eth_account import Account

from contracts.devnet import Devnet
from keeper.domain.account import AccountKey
from keeper.domain.attempt import Job, Part
from keeper.domain.chain import Address, BlockRef, Hash32, Timestamp
from keeper.domain.decision import CandidateId
from keeper.domain.fees import Fees
from keeper.execution.local_signer import LocalSigner
from keeper.execution.outbox import Outbox
from keeper.execution.signer import Signed, Unsigned

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Floor:
    """Milliseconds, medians over the rounds: of each step, and of all four in a row."""

    call_ms: float
    signature_ms: float
    commit_ms: float
    send_ms: float
    total_ms: float

    def stages(self) -> Mapping[str, float]:
        """The same by the daemon's stages: signing lies between check and commit. Deciding has no floor."""
        return {"checked": self.call_ms, "committed": self.signature_ms + self.commit_ms, "sent": self.send_ms}


def measure_floor(devnet: Devnet, transaction_hash: str, directory: Path, rounds: int) -> Floor:
    """With the calldata of a transaction of the keeper's that was mined, called on the state before its block at the time of its block, as
    its pre-check was. The outbox is a new one in `directory`; what is sent is dropped from the pool again."""
    with Outbox(directory / "floor.sqlite") as outbox, asyncio.Runner() as runner:
        steps = _Steps(devnet, transaction_hash, runner)
        seconds = [steps.round(outbox, number) for number in range(rounds)]
    devnet.rpc.call("anvil_dropAllTransactions")
    call_ms, signature_ms, commit_ms, send_ms = (median(step) * 1e3 for step in zip(*seconds, strict=True))
    return Floor(call_ms, signature_ms, commit_ms, send_ms, total_ms=median(map(sum, seconds)) * 1e3)


class _Steps:
    """A transaction of the keeper's, called, signed, committed and sent again and again."""

    def __init__(self, devnet: Devnet, transaction_hash: str, runner: asyncio.Runner) -> None:
        self._rpc = devnet.rpc
        self._chain_id = devnet.deployment.chain_id
        self._runner = runner
        self._signer = LocalSigner(Account.from_key(devnet.deployment.keeper_key))
        self._nonce = int(self._rpc.call("eth_getTransactionCount", devnet.deployment.keeper, "pending"), 16)
        self._transaction: Mapping[str, Any] = self._rpc.call("eth_getTransactionByHash", transaction_hash)
        number = int(self._transaction["blockNumber"], 16)
        self._before = _block(self._rpc.call("eth_getBlockByNumber", hex(number - 1), False))
        self._time = self._rpc.call("eth_getBlockByNumber", hex(number), False)["timestamp"]

    def round(self, outbox: Outbox, number: int) -> tuple[float, float, float, float]:
        """Seconds of each of the four. Raises RpcError."""
        call_s, _ = _timed(self._call)
        signature_s, signed = _timed(lambda: self._sign(number))
        commit_s, _ = _timed(lambda: outbox.add(self._job(number), signed, None, self._before.number, time.time_ns() // 1_000))
        send_s, _ = _timed(lambda: self._rpc.call("eth_sendRawTransaction", "0x" + signed.raw.hex()))
        return call_s, signature_s, commit_s, send_s

    def _call(self) -> str:
        fields = {"from": self._transaction["from"], "to": self._transaction["to"], "data": self._transaction["input"]}
        at = hex(self._before.number)
        answer: str = self._rpc.call("eth_call", fields | {"gas": self._transaction["gas"]}, at, {}, {"time": self._time})
        return answer

    def _sign(self, number: int) -> Signed:
        fees = Fees(int(self._transaction["maxFeePerGas"], 16), int(self._transaction["maxPriorityFeePerGas"], 16))
        return self._runner.run(
            self._signer.sign(Unsigned(self._chain_id, self._nonce + number, self._to, self._calldata, self._gas, fees))
        )

    def _job(self, number: int) -> Job:
        part = Part(CandidateId(f"floor-{number}"), "perp_v2", AccountKey(self._signer.address))
        return Job((part,), self._before, self._to, self._calldata, self._gas, budget_wei=10**18)

    @property
    def _to(self) -> Address:
        return Address(self._transaction["to"].lower())

    @property
    def _calldata(self) -> bytes:
        return bytes.fromhex(self._transaction["input"][2:])

    @property
    def _gas(self) -> int:
        return int(self._transaction["gas"], 16)


def _block(header: Mapping[str, Any]) -> BlockRef:
    number, timestamp, base_fee = (int(header[name], 16) for name in ("number", "timestamp", "baseFeePerGas"))
    return BlockRef(number, Hash32(header["hash"]), Hash32(header["parentHash"]), Timestamp(timestamp), base_fee)


def _timed(step: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    result = step()
    return time.perf_counter() - began, result
