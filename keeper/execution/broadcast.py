"""Handing a signed transaction to the network."""

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


async def broadcast(raw: bytes, nodes: Sequence[Node]) -> Accepted | Refused:
    """Offer it to the nodes in order until one takes it. Never raises for a node: what nobody took is Refused and may be offered again.

    A node that gave no answer may have taken it all the same; after that only "accepted" is believed, everything else is POSTPONED."""
    unheard = ""
    refused = Refused(Refusal.POSTPONED, "there is no node to send to")
    for node in nodes:
        try:
            await node.request("eth_sendRawTransaction", ["0x" + raw.hex()])
        except Transient as error:
            unheard = str(error)
        except RpcError as error:
            refused = Refused(classify(error), error.message)
            if refused.refusal is Refusal.ALREADY_KNOWN:
                return Accepted()
            if refused.refusal is not Refusal.POSTPONED:
                break
        else:
            return Accepted()
    if unheard and refused.refusal is not Refusal.NONCE_TOO_LOW:
        return Refused(Refusal.POSTPONED, unheard)
    return refused
