"""The logs bloom of a header: it never denies a log that is there (Ethereum yellow paper, 4.3.1)."""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from keeper.domain.chain import LogFilter

_BITS = 2048


def bloom_mask(value: bytes) -> int:
    """The three bits an address or a topic sets in the 2048-bit bloom."""
    digest = keccak(value)
    mask = 0
    for place in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[place : place + 2], "big") % _BITS)
    return mask


class BloomProbe:
    """Answers whether a block may hold logs of the filters. The masks are computed once."""

    def __init__(self, filters: Sequence[LogFilter]) -> None:
        self._filters = tuple(
            (
                tuple(bloom_mask(bytes.fromhex(address[2:])) for address in each.addresses),
                tuple(bloom_mask(topic) for topic in each.topics),
            )
            for each in filters
        )

    def may_hold(self, bloom: int) -> bool:
        """False only if the block surely has no such log. Some chains give an empty bloom always: then this says False as well."""
        return any(_any_in(addresses, bloom) and (not topics or _any_in(topics, bloom)) for addresses, topics in self._filters)


def _any_in(masks: Sequence[int], bloom: int) -> bool:
    return any(mask & bloom == mask for mask in masks)
