"""An operator's key in this process: opened from an encrypted keystore or taken from the environment, used for signing, never shown."""

import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Self

from eth_account import Account
from eth_account.signers.local import LocalAccount

from keeper.domain.chain import Address, Hash32
from keeper.errors import ConfigError
from keeper.execution.keystore import KeystoreNames, open_keystore
from keeper.execution.signer import Signed, Unsigned

PASSWORD_VARIABLE = "PERP_KEEPER_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_NAMES = KeystoreNames("key_file of the executor", "password_file of the executor", PASSWORD_VARIABLE, "operator's")
_PRIVATE_KEY = re.compile(r"(?:0x)?[0-9a-fA-F]{64}")
_DYNAMIC_FEE = 2


class LocalSigner:
    """One key. Its text form shows the address only."""

    prompt = True

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = Address(account.address.lower())

    @classmethod
    def open(cls, key_file: Path, password_file: Path | None, environment: MutableMapping[str, str]) -> Self:
        """Decrypt a web3 secret storage file; the password is the first line of `password_file`, or PERP_KEEPER_PASSWORD,
        which is taken out of `environment`: no child process is to inherit it.

        Takes about a second on purpose (scrypt). Raises ConfigError naming the key, the file and the mend."""
        return cls(open_keystore(key_file, password_file, environment, _NAMES))

    @classmethod
    def from_environment(cls, variable: str, environment: MutableMapping[str, str]) -> Self:
        """The key that a variable holds as 64 hex digits, which is taken out of `environment`. Raises ConfigError naming the variable; what
        it holds is in no message."""
        text = environment.pop(variable, None)
        if text is None:
            raise ConfigError(f"key_env of the executor: {variable} is not set; put the operator's key there, 64 hex digits")
        if not _PRIVATE_KEY.fullmatch(text.strip()):
            raise ConfigError(f"key_env of the executor: {variable} holds no key; it must be 64 hex digits")
        try:
            return cls(Account.from_key(text.strip()))
        except ValueError:
            raise ConfigError(f"key_env of the executor: {variable} holds a number that is no key") from None

    async def sign(self, unsigned: Unsigned) -> Signed:
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

    async def probe(self) -> None:
        """The key is here."""

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"
