"""The trie of a list; against real blocks in tests/fork/test_chain_proofs.py."""

from eth_utils.crypto import keccak

from keeper.chain import rlp
from keeper.chain.trie import ordered_root


def test_nothing_has_the_root_of_an_empty_trie() -> None:
    """As in every header without transactions."""
    assert ordered_root([]).hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def test_one_value_is_one_leaf() -> None:
    """The key of place 0 is 0x80: an even path of two nibbles, prefix 0x20."""
    assert ordered_root([b"value"]) == keccak(rlp.encode([b"\x20\x80", b"value"]))


def test_two_short_values_stand_inside_their_branch() -> None:
    """Keys 0x80 and 0x01 part at the first nibble; leaves shorter than a hash are not hashed."""
    branch: list[rlp.Item] = [b""] * 17
    branch[8], branch[0] = [b"\x30", b"a"], [b"\x31", b"b"]
    assert ordered_root([b"a", b"b"]) == keccak(rlp.encode(branch))


def test_order_and_every_value_count() -> None:
    """Around the places where keys grow by a byte."""
    for count in (2, 16, 17, 127, 128, 129, 256, 257):
        values = [bytes([place % 250 + 1]) * 40 for place in range(count)]
        roots = {ordered_root(values), ordered_root(values[::-1]), ordered_root(values[:-1]), ordered_root([*values, b"x"])}
        assert len(roots) == 4
