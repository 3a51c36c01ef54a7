"""What signs for an operator: a key of this process (`local_signer.py`), or a signer elsewhere that holds it (`remote_signer.py`)."""

from dataclasses import dataclass
from typing import Protocol

from keeper.domain.chain import Address, Hash32
from keeper.domain.fees import Fees


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


class Signer(Protocol):
    """The signatures of one account."""

    @property
    def address(self) -> Address: ...

    @property
    def prompt(self) -> bool:
        """Whether it signs without waiting for anybody, so that nothing else of this process runs meanwhile."""

    async def sign(self, unsigned: Unsigned) -> Signed:
        """Raises SignerUnavailable, and then this process has no signature of it."""

    async def probe(self) -> None:
        """Where it is in doubt whether it can sign, look and report it. Raises nothing."""
