"""The words of the common clients, and who is asked next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from keeper.errors import RpcError, RpcLimited, RpcUnavailable
from keeper.execution.broadcast import Accepted, Refused, broadcast
from keeper.execution.refusal import Refusal, classify


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ("already known", Refusal.ALREADY_KNOWN),  # geth, Erigon, reth
        ("AlreadyKnown", Refusal.ALREADY_KNOWN),  # Nethermind
        ("Known transaction", Refusal.ALREADY_KNOWN),  # Besu
        ("transaction already imported", Refusal.ALREADY_KNOWN),  # anvil
        ("nonce too low: next nonce 5, tx nonce 4", Refusal.NONCE_TOO_LOW),
        ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", Refusal.NONCE_TOO_LOW),
        ("replacement transaction underpriced", Refusal.UNDERPRICED_REPLACEMENT),
        ("ReplacementNotAllowed", Refusal.UNDERPRICED_REPLACEMENT),
        ("could not replace existing tx", Refusal.UNDERPRICED_REPLACEMENT),
        ("insufficient funds for gas * price + value: balance 1, tx cost 2", Refusal.INSUFFICIENT_FUNDS),
        ("Upfront cost exceeds account balance", Refusal.INSUFFICIENT_FUNDS),
        ("intrinsic gas too low", Refusal.INVALID),
        ("exceeds block gas limit", Refusal.INVALID),
        ("invalid chain id for signer", Refusal.INVALID),
        ("max fee per gas less than block base fee", Refusal.POSTPONED),
        ("transaction underpriced: tip needed 1, tip permitted 0", Refusal.POSTPONED),
        ("txpool is full", Refusal.POSTPONED),
        ("nonce too high", Refusal.POSTPONED),
        ("unknown transaction type", Refusal.POSTPONED),
        ("", Refusal.POSTPONED),
    ],
)
def test_words_of_the_clients(words: str, refusal: Refusal) -> None:
    assert classify(RpcError(-32000, words)) is refusal


@dataclass
class Scripted:
    """Answers every transaction the same way."""

    answer: Exception | None
    heard: list[str] = field(default_factory=list)

    async def request(self, method: str, params: Sequence[Any]) -> Any:
        self.heard.append(f"{method} {params[0]}")
        if self.answer is not None:
            raise self.answer
        return "0x"

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> Sequence[Any]:
        raise NotImplementedError


DOWN = RpcUnavailable("down")
BUSY = RpcLimited("busy")


def error(words: str) -> RpcError:
    return RpcError(-32000, words)


@pytest.mark.parametrize(
    ("answers", "expected", "asked"),
    [
        ([None, None], Accepted(), 1),
        ([DOWN, BUSY, None], Accepted(), 3),
        ([error("already known"), None], Accepted(), 1),
        ([error("txpool is full"), None], Accepted(), 2),
        ([error("nonce too low"), None], Refused(Refusal.NONCE_TOO_LOW, "nonce too low"), 1),
        ([DOWN, error("nonce too low")], Refused(Refusal.NONCE_TOO_LOW, "nonce too low"), 2),
        # The silent one may have taken it: nothing final may be concluded from the other's refusal.
        ([DOWN, error("insufficient funds")], Refused(Refusal.POSTPONED, "down"), 2),
        ([error("insufficient funds"), None], Refused(Refusal.INSUFFICIENT_FUNDS, "insufficient funds"), 1),
        ([DOWN, DOWN], Refused(Refusal.POSTPONED, "down"), 2),
        ([], Refused(Refusal.POSTPONED, "there is no node to send to"), 0),
    ],
)
def test_nodes_are_asked_in_order_until_one_answers_for_good(
    answers: list[Exception | None], expected: Accepted | Refused, asked: int
) -> None:
    nodes = [Scripted(answer) for answer in answers]
    assert asyncio.run(broadcast(b"\x02\xff", nodes)) == expected
    assert sum(len(node.heard) for node in nodes) == asked
    assert all(node.heard in ([], ["eth_sendRawTransaction 0x02ff"]) for node in nodes)
