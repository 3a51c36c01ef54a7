"""A tick touches only the boxes it leaves, and touches all of those."""

from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.health import FeedId, WatchBox
from keeper.domain.watchlist import Watchlist

ETH, BTC = FeedId("ETH"), FeedId("BTC")
A, B = AccountKey("a"), AccountKey("b")

_bound = st.one_of(st.none(), st.integers(-20, 20))
_boxes = st.dictionaries(
    st.sampled_from([AccountKey(name) for name in "abcdef"]),
    st.builds(
        WatchBox,
        st.dictionaries(st.sampled_from([ETH, BTC]), st.tuples(_bound, _bound)),
        st.one_of(st.none(), st.integers(0, 10).map(Timestamp)),
    ),
)


def _holds(box: WatchBox, feeds: dict[FeedId, int], now: Timestamp) -> bool:
    if box.valid_until is not None and now > box.valid_until:
        return False
    for feed, (low, high) in box.bounds.items():
        value = feeds.get(feed)
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            return False
    return True


@given(st.lists(_boxes, max_size=4), st.lists(st.dictionaries(st.sampled_from([ETH, BTC]), st.integers(-25, 25)), max_size=4))
def test_who_leaves_is_who_is_outside(rounds: list[dict[AccountKey, WatchBox]], ticks: list[dict[FeedId, int]]) -> None:
    """Against looking at every box, with boxes replaced on the way."""
    watchlist = Watchlist()
    watched: dict[AccountKey, WatchBox] = {}
    for number, boxes in enumerate(rounds):
        for key, box in boxes.items():
            watchlist.watch(key, box)
        watched |= boxes
        for feeds in ticks:
            now = Timestamp(3 * number)
            outside = {key for key, box in watched.items() if not _holds(box, feeds, now)}
            assert watchlist.leave(feeds, now) == outside
            watched = {key: box for key, box in watched.items() if key not in outside}
            assert {key for key in "abcdef" if key in watchlist} == set(watched)


def test_a_replaced_box_no_longer_counts() -> None:
    """The old bounds stay in the heaps but lead nowhere."""
    watchlist = Watchlist()
    watchlist.watch(A, WatchBox({ETH: (10, None)}))
    watchlist.watch(A, WatchBox({ETH: (5, None)}))
    assert watchlist.leave({ETH: 7}, Timestamp(0)) == set()
    assert watchlist.leave({ETH: 4}, Timestamp(0)) == {A}


def test_a_removed_account_does_not_come_back() -> None:
    """Nor does removing a stranger hurt."""
    watchlist = Watchlist()
    watchlist.watch(A, WatchBox({ETH: (10, 20)}, Timestamp(5)))
    watchlist.remove(A)
    watchlist.remove(B)
    assert watchlist.leave({ETH: 0}, Timestamp(9)) == set()
    assert len(watchlist) == 0


def test_stale_bounds_are_swept_out() -> None:
    """Thousands of replacements do not pile up, and nobody is lost in the sweep."""
    watchlist = Watchlist()
    watchlist.watch(B, WatchBox({ETH: (1, 99)}, Timestamp(7)))
    for low in range(5_000):
        watchlist.watch(A, WatchBox({ETH: (-low, low)}, Timestamp(low)))
    assert max(len(heap) for heap in (watchlist._feeds[ETH].lows, watchlist._feeds[ETH].highs, watchlist._deadlines)) <= 1_100
    assert watchlist.leave({ETH: 100}, Timestamp(0)) == {B}
    assert watchlist.leave({ETH: 5_000}, Timestamp(0)) == {A}
