"""Handing a signed transaction to the network."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keeper.errors import RpcError, Transient
from keeper.execution.node import Node
from keeper.execution.refusal import Refusal, classify


@dataclass(frozen=True, slots=True)
class Accepted:
    """A node has it in its pool."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A node has refused it, and no node can have taken it without an answer."""

    refusal: Refusal
    words: str


class Broadcast:
    """Offers transactions to all nodes at once: one that a node drops silently is in another's pool. To be closed."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._offers: set[asyncio.Task[Accepted | Refused | None]] = set()

    async def close(self) -> None:
        """Give up the offers without an answer."""
        for offer in self._offers:
            offer.cancel()
        await asyncio.gather(*self._offers, return_exceptions=True)

    async def offer(self, raw: bytes) -> Accepted | Refused:
        """Accepted as soon as one node takes it; the offers to the others go on. Never raises for a node: a transaction that no node took
        is Refused, and may be offered again.

        A node that gave no answer may have taken it all the same; after that only "accepted" and "nonce too low" count, everything
        else is POSTPONED. A final refusal counts when no node has another opinion."""
        open_offers = {asyncio.create_task(_offered(raw, node)) for node in self._nodes}
        self._offers |= open_offers
        for offer in open_offers:
            offer.add_done_callback(self._offers.discard)
        answers: list[Accepted | Refused | None] = []
        patience_s = _SILENCE_S
        while open_offers:
            closed_offers, open_offers = await asyncio.wait(open_offers, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            answers += [offer.result() for offer in closed_offers]
            if not closed_offers or Accepted() in answers:
                break
            patience_s = _SECOND_OPINION_S
        return _summary([*answers, *[None for _ in open_offers]])


_SILENCE_S = 3.0
"""How long to wait for any node at all; the offers themselves go on."""
_SECOND_OPINION_S = 1.0
_BY_FINALITY = (Refusal.NONCE_TOO_LOW, Refusal.UNDERPRICED_REPLACEMENT, Refusal.POSTPONED, Refusal.INSUFFICIENT_FUNDS, Refusal.INVALID)
"""Which refusal counts when nodes differ: first those that lead to another transaction, then those that leave it open, then final ones."""


async def _offered(raw: bytes, node: Node) -> Accepted | Refused | None:
    """One node's answer; None when there was none."""
    try:
        await node.request("eth_sendRawTransaction", ["0x" + raw.hex()])
    except Transient:
        return None
    except RpcError as error:
        refusal = classify(error)
        return Accepted() if refusal is Refusal.ALREADY_KNOWN else Refused(refusal, error.message)
    return Accepted()


def _summary(answers: Sequence[Accepted | Refused | None]) -> Accepted | Refused:
    """The verdict of all answers."""
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    if Accepted() in answers:
        return Accepted()
    if not answers:
        return Refused(Refusal.POSTPONED, "there is no node to send to")
    verdict = min(refusals, key=lambda answer: _BY_FINALITY.index(answer.refusal), default=None)
    if verdict is None or (None in answers and verdict.refusal is not Refusal.NONCE_TOO_LOW):
        return Refused(Refusal.POSTPONED, "a node gave no answer")
    return verdict
