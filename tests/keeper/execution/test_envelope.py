"""A signed envelope is believed when it is, byte for byte, what was to be signed, by whom it was to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rlp
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.chain import Address
from keeper.domain.fees import Fees
from keeper.execution.envelope import WrongEnvelope, verified
from keeper.execution.local_signer import LocalSigner
from keeper.execution.signer import Unsigned

_SIGNER = LocalSigner(Account.from_key(b"\x01" * 32))
_OTHER = LocalSigner(Account.from_key(b"\x02" * 32))
_UNSIGNED = Unsigned(10, 7, Address("0x" + "ab" * 20), b"\x01\x02", 100_000, Fees(2_000, 30))
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_numbers = st.integers(0, 2**63)
_unsigned = st.builds(
    Unsigned,
    st.integers(1, 2**40),
    _numbers,
    st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex())),
    st.binary(max_size=200),
    _numbers,
    st.tuples(_numbers, _numbers).map(lambda pair: Fees(max(pair), min(pair))),
)


def _raw(unsigned: Unsigned, signer: LocalSigner = _SIGNER) -> bytes:
    return asyncio.run(signer.sign(unsigned)).raw


def _altered(raw: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    return raw[:1] + bytes(rlp.encode(change(rlp.decode(raw[1:]))))


@given(unsigned=_unsigned)
def test_what_a_key_of_this_process_signs_is_believed(unsigned: Unsigned) -> None:
    signed = asyncio.run(_SIGNER.sign(unsigned))
    assert verified(signed.raw, unsigned, _SIGNER.address) == signed


@given(expected=_unsigned, actual=_unsigned)
def test_a_signature_of_anything_else_is_not(expected: Unsigned, actual: Unsigned) -> None:
    if expected != actual:
        with pytest.raises(WrongEnvelope):
            verified(_raw(actual), expected, _SIGNER.address)


@pytest.mark.parametrize(
    ("actual", "words"),
    [
        (replace(_UNSIGNED, chain_id=11), "another chain id"),
        (replace(_UNSIGNED, nonce=8), "another nonce"),
        (replace(_UNSIGNED, to=Address("0x" + "ac" * 20)), "another recipient"),
        (replace(_UNSIGNED, calldata=b"\x01"), "another calldata"),
        (replace(_UNSIGNED, gas_limit=100_001), "another gas limit"),
        (replace(_UNSIGNED, fees=Fees(2_001, 30)), "another fee"),
        (replace(_UNSIGNED, fees=Fees(2_000, 31)), "another priority fee"),
    ],
)
def test_what_differs_is_named(actual: Unsigned, words: str) -> None:
    with pytest.raises(WrongEnvelope, match=words):
        verified(_raw(actual), _UNSIGNED, _SIGNER.address)


def test_somebody_elses_signature_is_named() -> None:
    with pytest.raises(WrongEnvelope, match=rf"of {_OTHER.address}, not of {_SIGNER.address}"):
        verified(_raw(_UNSIGNED, _OTHER), _UNSIGNED, _SIGNER.address)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda fields: [*fields[:6], b"\x01", *fields[7:]], "another value"),
        (lambda fields: [*fields[:8], [[b"\xaa" * 20, []]], *fields[9:]], "another access list"),
        (lambda fields: [*fields[:9], b"\x02", *fields[10:]], "of nobody"),
        (lambda fields: [*fields[:10], b"", fields[11]], "of nobody"),
        (lambda fields: [*fields[:10], [], fields[11]], "of nobody"),
        (lambda fields: [*fields[:10], b"\x00" + fields[10], fields[11]], "of nobody"),
        (lambda fields: [*fields, b""], "twelve fields"),
        (lambda fields: fields[:9], "twelve fields"),
    ],
)
def test_an_envelope_that_no_node_would_take_is_refused(change: Callable[[list[Any]], list[Any]], words: str) -> None:
    with pytest.raises(WrongEnvelope, match=words):
        verified(_altered(_raw(_UNSIGNED), change), _UNSIGNED, _SIGNER.address)


def test_the_other_s_of_a_signature_is_refused() -> None:
    """It is valid mathematically, has another hash, and nodes refuse it (EIP-2)."""

    def mirrored(fields: list[Any]) -> list[Any]:
        s = _ORDER - int.from_bytes(fields[11], "big")
        parity = b"" if fields[9] else b"\x01"
        return [*fields[:9], parity, fields[10], s.to_bytes(32, "big")]

    with pytest.raises(WrongEnvelope, match="of nobody"):
        verified(_altered(_raw(_UNSIGNED), mirrored), _UNSIGNED, _SIGNER.address)


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x02\xc0", b"\x01" + _raw(_UNSIGNED)[1:], _raw(_UNSIGNED)[:-1], _raw(_UNSIGNED) + b"\0"])
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    with pytest.raises(WrongEnvelope):
        verified(raw, _UNSIGNED, _SIGNER.address)
