"""A signer that must be waited for, as one elsewhere: the test says when it answers, and whether."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from eth_account import Account

from keeper.domain.chain import Address
from keeper.errors import SignerUnavailable
from keeper.execution.local_signer import LocalSigner
from keeper.execution.signer import Signed, Unsigned


@dataclass
class GatedSigner:
    """Satisfies `Signer`. A signature is out once `gate` is set; `down` refuses it; `asked` is what was to be signed, in order."""

    key: bytes = b"\x01" * 32
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False
    asked: list[Unsigned] = field(default_factory=list)
    prompt: bool = False

    def __post_init__(self) -> None:
        self._local = LocalSigner(Account.from_key(self.key))
        self.address: Address = self._local.address

    @classmethod
    def opened(cls, key: bytes = b"\x01" * 32) -> GatedSigner:
        """Its gate stands open."""
        signer = cls(key)
        signer.gate.set()
        return signer

    async def sign(self, unsigned: Unsigned) -> Signed:
        self.asked.append(unsigned)
        await self.gate.wait()
        if self.down:
            raise SignerUnavailable("the signer is down")
        await asyncio.sleep(0)
        return await self._local.sign(unsigned)

    async def probe(self) -> None:
        return None
