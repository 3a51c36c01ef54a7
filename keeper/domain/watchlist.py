"""Which accounts must be looked at now: those whose watch box the market has just left. O(log n + k) per changed feed."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.health import FeedId, WatchBox


@dataclass(slots=True)
class _Bounds:
    """One feed's bounds as two heaps: the highest low and the lowest high come first. Entries carry the version of their box."""

    lows: list[tuple[int, int, AccountKey]] = field(default_factory=list)
    highs: list[tuple[int, int, AccountKey]] = field(default_factory=list)


class Watchlist:
    """Boxes by account. An account is either watched (has a box) or due (must be evaluated); `leave` moves it.

    A replaced or removed box leaves its heap entries behind; they are recognised by their version and dropped when they surface,
    or all at once when more than half of a heap is stale."""

    _COMPACT_ABOVE = 1024

    def __init__(self) -> None:
        self._versions: dict[AccountKey, int] = {}
        self._next_version = 0
        self._feeds: dict[FeedId, _Bounds] = {}
        self._deadlines: list[tuple[int, int, AccountKey]] = []

    def __len__(self) -> int:
        return len(self._versions)

    def __contains__(self, key: object) -> bool:
        return key in self._versions

    def watch(self, key: AccountKey, box: WatchBox) -> None:
        """Give the account a new box, replacing the old one."""
        self._next_version += 1
        version = self._next_version
        self._versions[key] = version
        for feed, (low, high) in box.bounds.items():
            bounds = self._feeds.setdefault(feed, _Bounds())
            if low is not None:
                heapq.heappush(bounds.lows, (-low, version, key))
            if high is not None:
                heapq.heappush(bounds.highs, (high, version, key))
        if box.valid_until is not None:
            heapq.heappush(self._deadlines, (box.valid_until, version, key))
        self._compact(box.bounds)

    def remove(self, key: AccountKey) -> None:
        """Stop watching the account."""
        self._versions.pop(key, None)

    def leave(self, feeds: Mapping[FeedId, int], now: Timestamp) -> set[AccountKey]:
        """The accounts whose box does not hold at these values and this time; they are no longer watched."""
        left: set[AccountKey] = set()
        for feed, value in feeds.items():
            bounds = self._feeds.get(feed)
            if bounds is not None:
                left |= self._pop_below(bounds.lows, -value)
                left |= self._pop_below(bounds.highs, value)
        left |= self._pop_below(self._deadlines, now)
        return left

    def _pop_below(self, heap: list[tuple[int, int, AccountKey]], limit: int) -> set[AccountKey]:
        popped: set[AccountKey] = set()
        while heap and heap[0][0] < limit:
            _, version, key = heapq.heappop(heap)
            if self._versions.get(key) == version:
                del self._versions[key]
                popped.add(key)
        return popped

    def _compact(self, feeds: Iterable[FeedId]) -> None:
        limit = max(self._COMPACT_ABOVE, 2 * len(self._versions))
        for feed in feeds:
            bounds = self._feeds[feed]
            for heap in (bounds.lows, bounds.highs):
                self._compact_heap(heap, limit)
        self._compact_heap(self._deadlines, limit)

    def _compact_heap(self, heap: list[tuple[int, int, AccountKey]], limit: int) -> None:
        if len(heap) > limit:
            heap[:] = [entry for entry in heap if self._versions.get(entry[2]) == entry[1]]
            heapq.heapify(heap)
