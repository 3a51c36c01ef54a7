"""The words of the common clients, and who is asked next."""

from __future__ import annotations

import pytest

from keeper.errors import RpcError
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
