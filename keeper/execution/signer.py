"""The operator's key: opened from an encrypted keystore, used for signing, never shown."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from eth_account.signers.local import LocalAccount

from keeper.domain.chain import Address, Hash32
from keeper.domain.fees import Fees
from keeper.execution.keystore import KeystoreNames, open_keystore

PASSWORD_VARIABLE = "PERP_KEEPER_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_NAMES = KeystoreNames("key_file of the executor", "password_file of the executor", PASSWORD_VARIABLE, "operator's")
_DYNAMIC_FEE = 2


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An EIP-1559 transaction that transfers no value."""

    chain_id: int
    nonce: int
    to: Address
    calldata: bytes
    gas_limit: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Signed:
    """Ready for broadcast. `raw` is the signed envelope, `hash` its name for ever."""

    unsigned: Unsigned
    raw: bytes
    hash: Hash32


class Signer:
    """One key. Its text form shows the address only."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = Address(account.address.lower())

    @classmethod
    def open(cls, key_file: Path, password_file: Path | None, environment: MutableMapping[str, str]) -> Self:
        """Decrypt a web3 secret storage file; the password is the first line of `password_file`, or PERP_KEEPER_PASSWORD,
        which is taken out of `environment`: no child process is to inherit it.

        Takes about a second on purpose (scrypt). Raises ConfigError naming the key, the file and the mend."""
        return cls(open_keystore(key_file, password_file, environment, _NAMES))

    def sign(self, unsigned: Unsigned) -> Signed:
        """Sign; the same transaction always gives the same bytes (RFC 6979)."""
        envelope = self._account.sign_transaction(
            {
                "type": _DYNAMIC_FEE,
                "chainId": unsigned.chain_id,
                "nonce": unsigned.nonce,
                "to": bytes.fromhex(unsigned.to[2:]),
                "value": 0,
                "data": unsigned.calldata,
                "gas": unsigned.gas_limit,
                "maxFeePerGas": unsigned.fees.max_fee_wei,
                "maxPriorityFeePerGas": unsigned.fees.priority_fee_wei,
            }
        )
        return Signed(unsigned, bytes(envelope.raw_transaction), Hash32("0x" + bytes(envelope.hash).hex()))

    def __repr__(self) -> str:
        return f"Signer({self.address})"
