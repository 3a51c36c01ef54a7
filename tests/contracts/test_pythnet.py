"""Prices by slot: what a script sets is what is signed, and every slot holds every feed."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from contracts.devnet.guardian import Guardian
from contracts.devnet.merkle_tree import MerkleTree
from contracts.devnet.pythnet import FeedPrice, Pythnet

ETH, BTC = bytes([1]) * 32, bytes([2]) * 32
NOON = 1_700_000_000


def test_a_feed_repeats_its_price_until_it_has_another() -> None:
    """A repeated price is its own predecessor: only the first slot that has it can be a benchmark."""
    net = Pythnet()
    net.publish({ETH: FeedPrice(5), BTC: FeedPrice(7, -6, 3)}, NOON)
    net.publish({ETH: FeedPrice(6)}, NOON + 2)
    net.publish({BTC: FeedPrice(8, -6, 3)}, NOON + 5)
    newest = net.newest
    assert newest is not None
    assert newest.number == 3
    times = {feed: (message.publish_time, message.previous_publish_time) for feed, message in newest.messages.items()}
    assert times == {ETH: (NOON + 2, NOON + 2), BTC: (NOON + 5, NOON)}
    assert (newest.messages[BTC].price_raw, newest.messages[BTC].exponent, newest.messages[BTC].confidence_raw) == (8, -6, 3)


def test_the_first_slot_at_a_moment() -> None:
    net = Pythnet()
    assert net.first_at(ETH, 0) is None
    for second in (0, 2, 4):
        net.publish({ETH: FeedPrice(second + 1)}, NOON + second)
    slots = [net.first_at(ETH, NOON + second) for second in range(-1, 6)]
    assert [slot and slot.number for slot in slots] == [1, 1, 2, 2, 3, 3, None]
    assert net.first_at(BTC, NOON) is None


def test_there_is_no_update_of_a_feed_without_a_price() -> None:
    net = Pythnet()
    with pytest.raises(KeyError):
        net.update([ETH])
    net.publish({ETH: FeedPrice(1)}, NOON)
    with pytest.raises(KeyError):
        net.update([BTC])


def test_listeners_hear_of_slots_until_they_leave() -> None:
    net = Pythnet()
    numbers: list[int] = []

    def listener() -> None:
        newest = net.newest
        assert newest is not None
        numbers.append(newest.number)

    net.add_listener(listener)
    net.publish({ETH: FeedPrice(1)}, NOON)
    net.publish({ETH: FeedPrice(1)}, NOON)
    net.remove_listener(listener)
    net.publish({ETH: FeedPrice(1)}, NOON)
    assert numbers == [1, 2]


def test_the_guardian_is_the_one_of_wormholes_devnet() -> None:
    """So that tools which know it know ours."""
    assert Guardian().address == "0xbeFA429d57cD18b7F8A4d91A2da9AB4AF05d0FBe"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_a_proof_leads_from_each_message_to_the_root(messages: list[bytes]) -> None:
    tree = MerkleTree(messages)
    for place, message in enumerate(messages):
        node = keccak(b"\0" + message)[:20]
        for sibling in tree.proof(place):
            node = keccak(b"\1" + b"".join(sorted((node, sibling))))[:20]
        assert node == tree.root
