"""Logs from the wire, and one question for all the filters."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.domain.chain import Address, Hash32, LogFilter, RawLog
from keeper.errors import RpcError

_LOW_HASH = 66
_LOW_ADDRESS = 42


class LogSelection:
    """Several filters asked as one: the node is sent the union of their addresses and topics, and what only the union let through is
    dropped here. So a block costs one request whatever the number of filters."""

    def __init__(self, filters: Sequence[LogFilter]) -> None:
        self._filters = tuple(each for each in filters if each.addresses)
        self._allowed = _allowed(self._filters)
        self._criteria = _criteria(self._filters)

    def __bool__(self) -> bool:
        return bool(self._filters)

    @property
    def filters(self) -> tuple[LogFilter, ...]:
        """The filters as given."""
        return self._filters

    def in_block(self, block_hash: Hash32) -> RpcCall:
        """All selected logs of the block with that hash: they cannot come from another fork."""
        return RpcCall("eth_getLogs", ({"blockHash": block_hash, **self._criteria},))

    def in_range(self, first: int, last: int) -> RpcCall:
        """All selected logs of the canonical blocks `first` to `last`, inclusive."""
        return RpcCall("eth_getLogs", ({"fromBlock": hex(first), "toBlock": hex(last), **self._criteria},))

    def parse(self, answer: Answer) -> list[RawLog]:
        """The selected logs of an answer, ordered by block and index. Raises the answer's RpcError, or ValueError when a log is
        malformed, marked as removed, doubled, or was not asked for."""
        if isinstance(answer, RpcError):
            raise answer
        if not isinstance(answer, list):
            raise ValueError("eth_getLogs answered with no list")
        logs = [log for log in map(parse_log, answer) if self._wanted(log)]
        logs.sort(key=lambda log: (log.block_number, log.log_index))
        for before, after in pairwise(logs):
            if before.log_index == after.log_index and before.block_number == after.block_number:
                raise ValueError(f"log {after.log_index} of block {after.block_number} came twice")
        return logs

    def wants(self, item: Mapping[str, Json]) -> bool:
        """Whether a log as the wire has it is selected, without taking the rest of it apart."""
        topics = self._allowed.get(item["address"].lower(), _NONE)
        return topics is None or any(_bytes(topic) in topics for topic in item["topics"][:1])

    def _wanted(self, log: RawLog) -> bool:
        topics = self._allowed.get(log.address, _NONE)
        if topics is _NONE:
            raise ValueError(f"a log of {log.address}, which was not asked for")
        return topics is None or (bool(log.topics) and log.topics[0] in topics)


_NONE: frozenset[bytes] = frozenset()


def _allowed(filters: Sequence[LogFilter]) -> Mapping[Address, frozenset[bytes] | None]:
    """Per address the first topics that are wanted; None for all."""
    allowed: dict[Address, frozenset[bytes] | None] = {}
    for each in filters:
        for address in each.addresses:
            before = allowed.get(address, _NONE)
            allowed[address] = before | set(each.topics) if before is not None and each.topics else None
    return allowed


def _criteria(filters: Sequence[LogFilter]) -> dict[str, Json]:
    criteria: dict[str, Json] = {"address": sorted({address for each in filters for address in each.addresses})}
    if all(each.topics for each in filters):
        criteria["topics"] = [sorted({"0x" + topic.hex() for each in filters for topic in each.topics})]
    return criteria


def parse_log(item: Mapping[str, Json]) -> RawLog:
    """One log object. Raises ValueError or KeyError when malformed or marked as removed."""
    if item.get("removed"):
        raise ValueError("a log marked as removed")
    block_hash: str = item["blockHash"]
    transaction_hash: str = item["transactionHash"]
    address: str = item["address"]
    if len(block_hash) != _LOW_HASH or len(transaction_hash) != _LOW_HASH or len(address) != _LOW_ADDRESS:
        raise ValueError("a log with an address or hash of the wrong length")
    # Full parsing by `domain.parse` costs as much as all the rest; the lengths, and hex digits where they are decoded, are checked.
    return RawLog(
        address=Address(address.lower()),
        topics=tuple([_bytes(topic) for topic in item["topics"]]),
        data=_bytes(item["data"]),
        block_number=int(item["blockNumber"], 16),
        block_hash=Hash32(block_hash.lower()),
        transaction_hash=Hash32(transaction_hash.lower()),
        log_index=int(item["logIndex"], 16),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
