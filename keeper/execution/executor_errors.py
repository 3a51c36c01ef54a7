"""The errors of the operator's KeeperExecutor (contracts/src/KeeperExecutor.sol)."""

from collections.abc import Callable

from keeper.domain.revert import CustomErrors

SIGNATURES = (
    "ProfitTooLow(int256,int256)",
    "NotEnoughGas(uint256,uint256)",
    "NotItself(address)",
    "NotOwner(address)",
    "NotOperator(address)",
    "NotPendingOwner(address)",
    "Reentered()",
    "UnknownVenue(bytes32)",
    "NotAllowed(address,bytes4)",
    "WrongLength(address,bytes4,uint256)",
    "ArgumentRefused(address,bytes4,uint256,bytes32)",
    "ValueRefused(address,uint256,uint256)",
    "OverBudget(uint256,uint256,uint256)",
    "TransferFailed(address,bytes)",
    "RoleRefused(address)",
    "RuleInvalid(address,bytes4)",
)


def executor_reason(venue_reason: Callable[[bytes], str]) -> Callable[[bytes], str]:
    """Reads what a call of the executor reverted with: its own errors, or whatever the venue's contracts said."""
    return CustomErrors(SIGNATURES, venue_reason)
