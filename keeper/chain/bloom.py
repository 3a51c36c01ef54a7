"""The logs bloom of a header: it never denies a log that is there (Ethereum yellow paper, 4.3.1)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from eth_utils.crypto import keccak

from keeper.domain.chain import LogFilter, RawLog

_BITS = 2048


@lru_cache(maxsize=4096)
def bloom_mask(value: bytes) -> int:
    """The three bits an address or a topic sets in the 2048-bit bloom."""
    digest = keccak(value)
    mask = 0
    for place in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[place : place + 2], "big") % _BITS)
    return mask


def admits(bloom: int, log: RawLog) -> bool:
    """False only if the block surely has no such log. An empty bloom admits all: some chains have no other."""
    values = (bytes.fromhex(log.address[2:]), *log.topics)
    return not bloom or all(mask & bloom == mask for mask in map(bloom_mask, values))


class BloomProbe:
    """Which of the filters' logs a block may hold, by its bloom. The masks are computed once."""

    def __init__(self, filters: Sequence[LogFilter]) -> None:
        self._filters = tuple(
            (
                {address: bloom_mask(bytes.fromhex(address[2:])) for address in log_filter.addresses},
                {topic: bloom_mask(topic) for topic in log_filter.topics},
            )
            for log_filter in filters
        )

    def may_hold(self, bloom: int) -> bool:
        """False only if the block surely has no such log. Some chains always have an empty bloom: then this is False as well."""
        return any(
            _any_in(addresses.values(), bloom) and (not topics or _any_in(topics.values(), bloom)) for addresses, topics in self._filters
        )

    def misses(self, bloom: int, logs: Sequence[RawLog]) -> bool:
        """Whether the bloom claims an address, or a topic, that none of these logs has. The bits may also be those of other logs."""
        addresses = {log.address for log in logs}
        topics = {log.topics[0] for log in logs if log.topics}
        for address_masks, topic_masks in self._filters:
            addresses_in_bloom = {address for address, mask in address_masks.items() if mask & bloom == mask}
            topics_in_bloom = {topic for topic, mask in topic_masks.items() if mask & bloom == mask}
            if addresses_in_bloom and (topics_in_bloom or not topic_masks) and (addresses_in_bloom - addresses or topics_in_bloom - topics):
                return True
        return False


def _any_in(masks: Iterable[int], bloom: int) -> bool:
    return any(mask & bloom == mask for mask in masks)
