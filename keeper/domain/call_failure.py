"""Whose doing a failed call is: the contract's, which is a result, or the node's, which another node may not share."""

from keeper.errors import BlockUnknown, RpcError

REVERTED = 3
"""geth's code for a reverted call: its message holds the contract's own text, which must not be read as the provider's."""

_OUT_OF_GAS = ("out of gas", "outofgas")
_EVM_FAILURES = (
    "revert",
    *_OUT_OF_GAS,
    "invalid opcode",
    "invalid jump",
    "stack underflow",
    "stack overflow",
    "stack limit reached",
    "vm execution error",
    "evm error",  # anvil: "EVM error OutOfGas"
)


def is_call_failure(error: RpcError) -> bool:
    """Whether an `eth_call` error is the contract's doing (a result with `success` false) and not the node's.

    Nodes answer a revert with code 3 (geth), or another code and the words; a revert payload alone proves it too."""
    if isinstance(error, BlockUnknown):
        return False
    return error.code == REVERTED or bool(error.data) or any(fragment in error.message.lower() for fragment in _EVM_FAILURES)


def is_out_of_gas(error: RpcError) -> bool:
    """Whether a call ran out of gas: for one that names no limit the node's own cap decides, and another node's may be higher."""
    return error.code != REVERTED and not error.data and any(fragment in error.message.lower() for fragment in _OUT_OF_GAS)
