"""Logs from the wire, and one request for all filters."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from keeper.chain.rpc import Answer, Json, RpcCall
from keeper.domain.chain import Address, Hash32, LogFilter, RawLog
from keeper.errors import RpcError

_HASH_CHARS = 66
_ADDRESS_CHARS = 42


class LogSelection:
    """Several filters in one request: the node gets the union of their addresses and topics, and logs that match only the union are dropped
    here. So a block costs one request whatever the number of filters."""

    def __init__(self, filters: Sequence[LogFilter]) -> None:
        self._filters = tuple(log_filter for log_filter in filters if log_filter.addresses)
        self._topics_by_address = _topics_by_address(self._filters)
        self._criteria = _criteria(self._filters)

    def __bool__(self) -> bool:
        return bool(self._filters)

    @property
    def filters(self) -> tuple[LogFilter, ...]:
        """The filters that name an address."""
        return self._filters

    def in_block(self, block_hash: Hash32) -> RpcCall:
        """All selected logs of the block with that hash: they cannot come from another fork."""
        return RpcCall("eth_getLogs", ({"blockHash": block_hash, **self._criteria},))

    def in_range(self, first: int, last: int) -> RpcCall:
        """All selected logs of the canonical blocks `first` to `last`, inclusive."""
        return RpcCall("eth_getLogs", ({"fromBlock": hex(first), "toBlock": hex(last), **self._criteria},))

    def parse(self, answer: Answer) -> list[RawLog]:
        """The selected logs of an answer, ordered by block and index. Raises the answer's RpcError, or ValueError when a log is
        malformed, marked as removed, doubled, or of another address."""
        if isinstance(answer, RpcError):
            raise answer
        if not isinstance(answer, list):
            raise ValueError("eth_getLogs answered with no list")
        logs = [log for log in map(parse_log, answer) if self._selects(log)]
        logs.sort(key=lambda log: (log.block_number, log.log_index))
        for previous, log in pairwise(logs):
            if previous.log_index == log.log_index and previous.block_number == log.block_number:
                raise ValueError(f"log {log.log_index} of block {log.block_number} came twice")
        return logs

    def selects(self, item: Mapping[str, Json]) -> bool:
        """Whether a log as the wire has it is selected, without taking the rest of it apart."""
        topics = self._topics_by_address.get(item["address"].lower(), _NONE)
        return topics is None or any(_bytes(topic) in topics for topic in item["topics"][:1])

    def _selects(self, log: RawLog) -> bool:
        topics = self._topics_by_address.get(log.address, _NONE)
        if topics is _NONE:
            raise ValueError(f"a log of {log.address}, which was not asked for")
        return topics is None or (bool(log.topics) and log.topics[0] in topics)


_NONE: frozenset[bytes] = frozenset()


def _topics_by_address(filters: Sequence[LogFilter]) -> Mapping[Address, frozenset[bytes] | None]:
    """Per address the selected first topics; None for all."""
    topics_by_address: dict[Address, frozenset[bytes] | None] = {}
    for log_filter in filters:
        for address in log_filter.addresses:
            previous = topics_by_address.get(address, _NONE)
            topics_by_address[address] = previous | set(log_filter.topics) if previous is not None and log_filter.topics else None
    return topics_by_address


def _criteria(filters: Sequence[LogFilter]) -> dict[str, Json]:
    criteria: dict[str, Json] = {"address": sorted({address for log_filter in filters for address in log_filter.addresses})}
    if all(log_filter.topics for log_filter in filters):
        criteria["topics"] = [sorted({"0x" + topic.hex() for log_filter in filters for topic in log_filter.topics})]
    return criteria


def parse_log(item: Mapping[str, Json]) -> RawLog:
    """One log object. Raises ValueError or KeyError when malformed or marked as removed."""
    if item.get("removed"):
        raise ValueError("a log marked as removed")
    block_hash: str = item["blockHash"]
    transaction_hash: str = item["transactionHash"]
    address: str = item["address"]
    if len(block_hash) != _HASH_CHARS or len(transaction_hash) != _HASH_CHARS or len(address) != _ADDRESS_CHARS:
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
