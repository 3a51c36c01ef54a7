"""Who must have signed: a quorum of one set, each once, in order."""

import struct

import pytest
from eth_account import Account
from eth_account.datastructures import SignedMessage
from eth_utils.crypto import keccak

from contracts.devnet.guardian import Guardian
from keeper.domain.parse import address
from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.vaa import Vaa

KEYS = [f"0x{number:064x}" for number in range(1, 8)]
SET = GuardianSet(4, tuple(address(Account.from_key(key).address) for key in KEYS))
_HEADER_BYTES = 6 + 66


def _signature(place: int, body: bytes, key: str) -> bytes:
    signature: SignedMessage = Account.unsafe_sign_hash(keccak(keccak(body)), key)
    return bytes([place]) + signature.r.to_bytes(32, "big") + signature.s.to_bytes(32, "big") + bytes([signature.v - 27])


def _vaa(places: list[int], *, set_index: int = 4, keys: list[str] = KEYS) -> Vaa:
    body = Guardian().vaa(b"payload", 1, 1)[_HEADER_BYTES:]
    signatures = b"".join(_signature(place, body, keys[place % len(keys)]) for place in places)
    return Vaa.parse(struct.pack(">BIB", 1, set_index, len(places)) + signatures + body)


def _demand_refusal(vaa: Vaa) -> None:
    with pytest.raises(BadUpdate) as caught:
        SET.check(vaa)
    assert caught.value.reason is QuoteRefusal.SIGNATURE


@pytest.mark.parametrize(("guardians", "quorum"), [(1, 1), (2, 2), (3, 3), (4, 3), (6, 5), (7, 5), (19, 13)])
def test_the_quorum_is_more_than_two_thirds(guardians: int, quorum: int) -> None:
    """Wormhole's `quorum`."""
    assert GuardianSet(0, (address("0x" + "11" * 20),) * guardians).quorum == quorum


@pytest.mark.parametrize("places", [[0, 1, 2, 3, 4], [2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5, 6], [0, 2, 3, 5, 6]])
def test_a_quorum_in_order_is_enough(places: list[int]) -> None:
    SET.check(_vaa(places))


@pytest.mark.parametrize(
    "places",
    [[], [0, 1, 2, 3], [0, 1, 2, 3, 3], [1, 0, 2, 3, 4], [0, 1, 2, 3, 7], [0, 0, 0, 0, 0]],
    ids=["none", "too few", "one twice", "out of order", "of nobody", "one five times"],
)
def test_what_is_no_quorum_is_demand_refusal(places: list[int]) -> None:
    _demand_refusal(_vaa(places))


def test_another_set_or_another_guardians_key_is_demand_refusal() -> None:
    _demand_refusal(_vaa([0, 1, 2, 3, 4], set_index=3))
    _demand_refusal(_vaa([0, 1, 2, 3, 4], keys=[*KEYS[:4], KEYS[5], KEYS[4], KEYS[6]]))


@pytest.mark.parametrize("signature", [bytes(65), b"\xff" * 65, b"\1" * 64 + b"\2"], ids=["zeros", "ones", "a v of 2"])
def test_a_signature_that_is_none_is_demand_refusal(signature: bytes) -> None:
    """Not an exception of the library."""
    body = Guardian().vaa(b"payload", 1, 1)[_HEADER_BYTES:]
    vaa = Vaa.parse(struct.pack(">BIB", 1, 4, 5) + b"".join(bytes([place]) + signature for place in range(5)) + body)
    _demand_refusal(vaa)
