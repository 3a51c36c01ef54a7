"""The operator's key: opened from an encrypted keystore, used for signing, never shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eth_account import Account
from eth_account.signers.local import LocalAccount

from keeper.domain.chain import Address, Hash32
from keeper.domain.fees import Fees
from keeper.errors import ConfigError

PASSWORD_VARIABLE = "PERP_KEEPER_PASSWORD"  # noqa: S105 - the name of a variable, not a password
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
    def open(cls, key_file: Path, password_file: Path | None, environment: Mapping[str, str]) -> Self:
        """Decrypt a web3 secret storage file; the password is the first line of `password_file`, or PERP_KEEPER_PASSWORD.

        Takes about a second on purpose (scrypt). Raises ConfigError naming the key, the file and the mend."""
        keystore = _keystore(key_file)
        password = _password(password_file, environment)
        try:
            account = Account.from_key(Account.decrypt(keystore, password))
        except (ValueError, TypeError, KeyError) as error:
            # The library says "MAC mismatch" for a wrong password; other faults mean a damaged file. Neither text holds a secret,
            # but the cause is dropped all the same: nothing that touched the key goes into a traceback.
            raise ConfigError(f"execution.key_file: {key_file} does not open: {_cause(error)}") from None
        return cls(account)

    def sign(self, unsigned: Unsigned) -> Signed:
        """Sign; the same transaction always gives the same bytes (RFC 6979)."""
        signed = self._account.sign_transaction(
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
        return Signed(unsigned, bytes(signed.raw_transaction), Hash32("0x" + bytes(signed.hash).hex()))

    def __repr__(self) -> str:
        return f"Signer({self.address})"


def _keystore(key_file: Path) -> dict[str, Any]:
    try:
        keystore = json.loads(key_file.read_text())
    except OSError as error:
        raise ConfigError(f"execution.key_file: {key_file} cannot be read ({error.strerror}); name the operator's keystore") from error
    except ValueError:
        keystore = None
    if not isinstance(keystore, dict) or not {"crypto", "Crypto"} & keystore.keys():
        raise ConfigError(
            f"execution.key_file: {key_file} is no keystore; make one in web3 secret storage format (a plain key is not accepted)"
        )
    return keystore


def _password(password_file: Path | None, environment: Mapping[str, str]) -> str:
    if password_file is None:
        if PASSWORD_VARIABLE not in environment:
            raise ConfigError(f"execution.password_file: no password; name a file that holds it, or set {PASSWORD_VARIABLE}")
        return environment[PASSWORD_VARIABLE]
    try:
        return password_file.read_text().partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise ConfigError(
            f"execution.password_file: {password_file} cannot be read ({error.strerror}); name the password's file"
        ) from error


def _cause(error: Exception) -> str:
    if "MAC mismatch" in str(error):
        return f"wrong password; correct execution.password_file or {PASSWORD_VARIABLE}"
    return "the file is damaged; restore the keystore"
