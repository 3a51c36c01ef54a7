"""The meaning of a node's refusal of a raw transaction, by the texts of the common clients."""

from enum import StrEnum

from keeper.errors import RpcError


class Refusal(StrEnum):
    """Why a node refuses a transaction."""

    ALREADY_KNOWN = "already known"
    NONCE_TOO_LOW = "nonce too low"
    UNDERPRICED_REPLACEMENT = "replacement underpriced"
    INSUFFICIENT_FUNDS = "insufficient funds"
    INVALID = "invalid"
    POSTPONED = "postponed"
    """Nothing final: fee below the base fee, pool full, rate limit, an unknown text. Worth a retry at the next head."""


# Order matters: the first phrase that occurs decides. Sources: go-ethereum core/txpool/errors.go, reth pool errors, Erigon txpool
# discard reasons, Nethermind AcceptTxResult, Besu TransactionInvalidReason, anvil InvalidTransactionError.
_PHRASES: tuple[tuple[str, Refusal], ...] = (
    ("unknown", Refusal.POSTPONED),  # its text ends with that of another refusal
    ("already known", Refusal.ALREADY_KNOWN),
    ("alreadyknown", Refusal.ALREADY_KNOWN),
    ("already imported", Refusal.ALREADY_KNOWN),
    ("already in mempool", Refusal.ALREADY_KNOWN),
    ("known transaction", Refusal.ALREADY_KNOWN),
    ("replacement", Refusal.UNDERPRICED_REPLACEMENT),
    ("could not replace existing", Refusal.UNDERPRICED_REPLACEMENT),
    ("nonce too low", Refusal.NONCE_TOO_LOW),
    ("oldnonce", Refusal.NONCE_TOO_LOW),
    ("nonce is too low", Refusal.NONCE_TOO_LOW),
    ("nonce too high", Refusal.POSTPONED),
    ("insufficient funds", Refusal.INSUFFICIENT_FUNDS),
    ("insufficientfunds", Refusal.INSUFFICIENT_FUNDS),
    ("upfront cost exceeds account balance", Refusal.INSUFFICIENT_FUNDS),
    ("intrinsic gas", Refusal.INVALID),
    ("exceeds block gas limit", Refusal.INVALID),
    ("gas limit exceeded", Refusal.INVALID),
    ("gaslimitexceeded", Refusal.INVALID),
    ("invalid sender", Refusal.INVALID),
    ("invalid signature", Refusal.INVALID),
    ("invalid chain id", Refusal.INVALID),
    ("wrong chain id", Refusal.INVALID),
    ("oversized data", Refusal.INVALID),
)


def classify(error: RpcError) -> Refusal:
    """The refusal a JSON-RPC error stands for."""
    words = error.message.lower()
    return next((refusal for phrase, refusal in _PHRASES if phrase in words), Refusal.POSTPONED)
