"""A signed EIP-1559 envelope (EIP-2718 type 2) read back: is it the transaction that was to be signed, and who signed it."""

from collections.abc import Sequence
from typing import Any

import rlp
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException

from keeper.domain.chain import Address, Hash32
from keeper.execution.signer import Signed, Unsigned

_TYPE = b"\x02"
_FIELDS = ("chain id", "nonce", "priority fee", "fee", "gas limit", "recipient", "value", "calldata", "access list")
_SIGNATURE_FIELDS = 3
_WORD = 32
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: nodes refuse a signature with a larger s (EIP-2)."""


class WrongEnvelope(Exception):
    """It is not what was to be signed, or nobody knows by whom."""


def verified(raw: bytes, unsigned: Unsigned, address: Address) -> Signed:
    """The envelope as a signature of `unsigned` by `address`. Raises WrongEnvelope in words that name what differs."""
    fields = _fields(raw)
    for name, expected, actual in zip(_FIELDS, _expected(unsigned), fields, strict=False):
        if actual != expected:
            raise WrongEnvelope(f"another {name} was signed")
    digest = keccak(_TYPE + rlp.encode(fields[: len(_FIELDS)]))
    account = _account(fields[len(_FIELDS) :], digest)
    if account != address:
        raise WrongEnvelope(f"the signature is of {account or 'nobody'}, not of {address}")
    return Signed(unsigned, raw, Hash32("0x" + keccak(raw).hex()))


def _fields(raw: bytes) -> list[Any]:
    """Byte strings and, in the place of the access list, a list. RLP has one form for each value, so equal fields are equal bytes."""
    if raw[:1] != _TYPE:
        raise WrongEnvelope("no EIP-1559 transaction was signed")
    try:
        fields = rlp.decode(raw[1:])
    except (RLPException, RecursionError):
        raise WrongEnvelope("the envelope does not decode") from None
    if not isinstance(fields, list) or len(fields) != len(_FIELDS) + _SIGNATURE_FIELDS:
        raise WrongEnvelope("the envelope has not the twelve fields of an EIP-1559 transaction")
    return fields


def _expected(unsigned: Unsigned) -> Sequence[Any]:
    fees = unsigned.fees
    numbers = (unsigned.chain_id, unsigned.nonce, fees.priority_fee_wei, fees.max_fee_wei, unsigned.gas_limit)
    return [*(_number(number) for number in numbers), bytes.fromhex(unsigned.to[2:]), _number(0), unsigned.calldata, []]


def _number(number: int) -> bytes:
    """Without leading zeros; 0 is empty."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _account(signature: Sequence[Any], digest: bytes) -> Address | None:
    """Who signed; None where no node would take the signature."""
    if any(not isinstance(part, bytes) or part[:1] == b"\0" or len(part) > _WORD for part in signature):
        return None
    parity, r, s = (int.from_bytes(part, "big") for part in signature)
    if parity > 1 or s > _HALF_ORDER:
        return None
    try:
        return Address(Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest).to_address())
    except BadSignature:
        return None
