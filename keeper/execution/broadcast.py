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
    """A node that was heard would not have it, and no node may have taken it unheard."""

    refusal: Refusal
    words: str


class Broadcast:
    """Offers transactions to all nodes at once: what one swallows is in another's pool. To be closed."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._offers: set[asyncio.Task[Accepted | Refused | None]] = set()

    async def close(self) -> None:
        """Give up the offers that nobody has answered yet."""
        for offer in self._offers:
            offer.cancel()
        await asyncio.gather(*self._offers, return_exceptions=True)

    async def offer(self, raw: bytes) -> Accepted | Refused:
        """Accepted as soon as one node takes it; the others go on being told. Never raises for a node: what nobody took is Refused and may
        be offered again.

        A node that gave no answer may have taken it all the same; after that only "accepted" and "nonce too low" are believed, everything
        else is POSTPONED. A refusal for good is believed when no node has another opinion."""
        waiting = {asyncio.create_task(_offered(raw, node)) for node in self._nodes}
        self._offers |= waiting
        for offer in waiting:
            offer.add_done_callback(self._offers.discard)
        answers: list[Accepted | Refused | None] = []
        patience_s = _SILENCE_S
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
            answers += [offer.result() for offer in done]
            if not done or Accepted() in answers:
                break
            patience_s = _SECOND_OPINION_S
        return _summary([*answers, *[None for _ in waiting]])


_SILENCE_S = 3.0
"""How long to wait for any node at all; the offers themselves go on."""
_SECOND_OPINION_S = 1.0
_BY_FINALITY = (Refusal.NONCE_TOO_LOW, Refusal.UNDERPRICED_REPLACEMENT, Refusal.POSTPONED, Refusal.INSUFFICIENT_FUNDS, Refusal.INVALID)
"""Which refusal counts when nodes differ: first what leads to another transaction, then what leaves it open, then what ends it."""


async def _offered(raw: bytes, node: Node) -> Accepted | Refused | None:
    """One node's answer; None when there was none."""
    try:
        await node.request("eth_sendRawTransaction", ["0x" + raw.hex()])
    except Transient:
        return None
    except RpcError as error:
        refused = Refused(classify(error), error.message)
        return Accepted() if refused.refusal is Refusal.ALREADY_KNOWN else refused
    return Accepted()


def _summary(answers: Sequence[Accepted | Refused | None]) -> Accepted | Refused:
    """What all the answers together mean."""
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    if Accepted() in answers:
        return Accepted()
    if not answers:
        return Refused(Refusal.POSTPONED, "there is no node to send to")
    verdict = min(refused, key=lambda answer: _BY_FINALITY.index(answer.refusal), default=None)
    if verdict is None or (None in answers and verdict.refusal is not Refusal.NONCE_TOO_LOW):
        return Refused(Refusal.POSTPONED, "a node gave no answer")
    return verdict
