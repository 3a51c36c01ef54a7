"""What an update proves: its prices, once signatures and proofs are checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.accumulator import AccumulatorUpdate, root_of
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.price_message import PriceMessage
from keeper.oracles.vaa import PYTHNET, Emitter, Vaa


@dataclass(frozen=True, slots=True)
class SignedPrice:
    """A price, and the smallest update that proves it."""

    message: PriceMessage
    payload: bytes


@dataclass(frozen=True, slots=True)
class UpdateReader:
    """Checks as Pyth's contract does, so that what passes here is not refused there.

    Without `guardians` signatures are not checked: the set changes every year or so, and the chain checks them in any case. A false price
    then costs a transaction that reverts, or a plan on a price that is not one."""

    guardians: GuardianSet | None = None
    emitter: Emitter = PYTHNET

    def prices(self, source: bytes) -> Sequence[SignedPrice]:
        """All prices of an update, in its order. Raises BadUpdate (format, signature, proof)."""
        update = AccumulatorUpdate.parse(source)
        root = self._signed_root(Vaa.parse(update.vaa))
        if any(leaf.root() != root for leaf in update.leaves):
            raise BadUpdate(QuoteRefusal.PROOF, "a message that is not under the signed root")
        return [SignedPrice(PriceMessage.parse(leaf.message), update.alone(leaf)) for leaf in update.leaves]

    def _signed_root(self, vaa: Vaa) -> bytes:
        if self.guardians is not None:
            self.guardians.check(vaa)
        if vaa.emitter != self.emitter:
            raise BadUpdate(QuoteRefusal.SIGNATURE, f"said by {vaa.emitter.address.hex()} of chain {vaa.emitter.chain}")
        return root_of(vaa.payload)
