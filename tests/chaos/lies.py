"""What a lying endpoint says: functions of the call and the true result, for faults.Lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.chaos.faults import Lies
from tests.chaos.proxy import Call

_WORD = 64
_LEAST_VALUE, _LARGEST_VALUE = 10**15, 10**30
"""A word of an answer in between is an amount or a price: lengths and offsets are smaller, addresses and negatives larger."""


def omitted_logs(*, every: int = 1, times: int | None = None) -> Lies:
    """The last log of every `every`-th answer that has some is left out, `times` times."""
    count = 0

    def lie(call: Call, logs: Any) -> Any:
        nonlocal count
        if not logs:
            return logs
        count += 1
        if count % every or (times is not None and count // every > times):
            return logs
        return logs[:-1]

    return Lies("eth_getLogs", lie=lie)


def invented_logs() -> Lies:
    """A copy of the last log, with another amount, behind it."""

    def lie(call: Call, logs: Any) -> Any:
        if not logs:
            return logs
        copy = logs[-1] | {"logIndex": hex(int(logs[-1]["logIndex"], 16) + 1), "data": _raised(logs[-1]["data"])}
        return [*logs, copy]

    return Lies("eth_getLogs", lie=lie)


def altered_logs() -> Lies:
    """The amounts of the last log are a percent larger: neither bloom nor count tells."""

    def lie(call: Call, logs: Any) -> Any:
        return [*logs[:-1], logs[-1] | {"data": _raised(logs[-1]["data"])}] if logs else logs

    return Lies("eth_getLogs", lie=lie)


def logs_of_another_block() -> Lies:
    """The logs of the answer before this one."""
    before: list[Any] = []

    def lie(call: Call, logs: Any) -> Any:
        nonlocal before
        if not logs:
            return logs
        answer, before = before, logs
        return answer or logs

    return Lies("eth_getLogs", lie=lie)


def null_receipts(share: float = 1.0) -> Lies:
    """No receipt is known."""
    return Lies("eth_getTransactionReceipt", "eth_getBlockReceipts", lie=lambda call, result: None, share=share)


def stripped_receipts() -> Lies:
    """Receipts without logs."""
    return Lies(
        "eth_getTransactionReceipt", "eth_getBlockReceipts", lie=lambda call, result: _each_receipt(result, lambda r: r | {"logs": []})
    )


def failed_receipts() -> Lies:
    """Every receipt says that the transaction reverted."""
    return Lies(
        "eth_getTransactionReceipt",
        "eth_getBlockReceipts",
        lie=lambda call, result: _each_receipt(result, lambda r: r | {"status": "0x0", "logs": []}),
    )


def invented_receipts(head: Callable[[], dict[str, Any]]) -> Lies:
    """What was never mined is said to stand in the newest block (`head` gives its number and hash)."""

    def lie(call: Call, result: Any) -> Any:
        if result is not None or call.method != "eth_getTransactionReceipt":
            return result
        block = head()
        return {
            "transactionHash": call.params[0],
            "transactionIndex": "0x0",
            "blockNumber": block["number"],
            "blockHash": block["hash"],
            "from": "0x" + "00" * 20,
            "to": "0x" + "00" * 20,
            "status": "0x1",
            "gasUsed": "0x5208",
            "cumulativeGasUsed": "0x5208",
            "effectiveGasPrice": "0x1312d00",
            "logs": [],
            "logsBloom": "0x" + "00" * 256,
            "type": "0x2",
            "contractAddress": None,
        }

    return Lies("eth_getTransactionReceipt", lie=lie)


def wrong_count(by: int) -> Lies:
    """The transaction count is off by so much, but never below 0."""
    return Lies("eth_getTransactionCount", lie=lambda call, result: hex(max(0, int(result, 16) + by)))


def wrong_values(percent: int = 3, share: float = 1.0) -> Lies:
    """Every amount and price in the answer of an eth_call is so many percent larger."""
    return Lies("eth_call", lie=lambda call, result: _raised(result, percent), share=share)


def altered_headers(field: str, value: Callable[[str], str]) -> Lies:
    """A field of every header is changed, its hash is not."""

    def lie(call: Call, block: Any) -> Any:
        return block | {field: value(block[field])} if isinstance(block, dict) and field in block else block

    return Lies("eth_getBlockByNumber", "eth_getBlockByHash", lie=lie)


def wrong_chain_id(chain_id: int) -> Lies:
    """Another chain's id."""
    return Lies("eth_chainId", "net_version", lie=lambda call, result: hex(chain_id) if call.method == "eth_chainId" else str(chain_id))


def _each_receipt(result: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(result, list):
        return [change(receipt) for receipt in result]
    return change(result) if isinstance(result, dict) else result


def _raised(data: str, percent: int = 1) -> str:
    if len(data) < 2 + _WORD:
        return data
    digits = data[2:]
    # An error's selector or nothing: not made of words.
    if len(digits) % _WORD:
        return data
    words = [digits[start : start + _WORD] for start in range(0, len(digits), _WORD)]
    return "0x" + "".join(_raised_word(word, percent) for word in words)


def _raised_word(word: str, percent: int) -> str:
    value = int(word, 16)
    return f"{value + value * percent // 100:064x}" if _LEAST_VALUE < value < _LARGEST_VALUE else word
