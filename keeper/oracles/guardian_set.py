"""Wormhole's guardians, and whether enough of them signed (Wormhole's `Messages.verifyVM`)."""

from dataclasses import dataclass

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature

from keeper.domain.chain import Address
from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.vaa import Vaa


@dataclass(frozen=True, slots=True)
class GuardianSet:
    """Set number `index`; a guardian's place in `guardians` is its number in signatures."""

    index: int
    guardians: tuple[Address, ...]

    @property
    def quorum(self) -> int:
        """More than two thirds."""
        return len(self.guardians) * 2 // 3 + 1

    def check(self, vaa: Vaa) -> None:
        """Raises BadUpdate (signature) unless a quorum of this set signed, in ascending order, and nobody else."""
        if vaa.guardian_set != self.index:
            raise BadUpdate(QuoteRefusal.SIGNATURE, f"guardian set {vaa.guardian_set}, ours is {self.index}")
        if len(vaa.signatures) < self.quorum:
            raise BadUpdate(QuoteRefusal.SIGNATURE, f"{len(vaa.signatures)} signatures of {self.quorum}")
        last_place = -1
        for signature in vaa.signatures:
            if not last_place < signature.place < len(self.guardians):
                raise BadUpdate(QuoteRefusal.SIGNATURE, f"a signature of guardian {signature.place} after that of {last_place}")
            if _signer(signature.signature, vaa.digest) != self.guardians[signature.place]:
                raise BadUpdate(QuoteRefusal.SIGNATURE, f"not signed by guardian {signature.place}")
            last_place = signature.place


def _signer(signature: bytes, digest: bytes) -> Address | None:
    """Whose signature it is; None where it is nobody's."""
    try:
        key = Signature(signature_bytes=signature).recover_public_key_from_msg_hash(digest)
    except BadSignature:
        return None
    return Address(key.to_address())
