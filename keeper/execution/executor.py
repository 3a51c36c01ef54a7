"""The operator's KeeperExecutor contract (contracts/src/KeeperExecutor.sol): one call that runs a whole plan, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from keeper.domain.chain import Address
from keeper.domain.money import Usd18
from keeper.domain.plan import LiquidationPlan
from keeper.errors import RpcUnavailable

_EXECUTE_TYPES = ("bytes32", "(address,uint256,bytes,bool)[]", "int256")
_EXECUTE = keccak(text="execute(bytes32,(address,uint256,bytes,bool)[],int256)")[:4]
_WORD = 32


@dataclass(frozen=True, slots=True)
class Execution:
    """What `execute` returned: the change of the executor's worth, and one flag per call of the plan."""

    change: Usd18
    succeeded: tuple[bool, ...]


def encode_execute(venue: str, plan: LiquidationPlan, min_change: Usd18) -> bytes:
    """Calldata of KeeperExecutor.execute for a plan. It reverts unless the executor's worth grows by `min_change`."""
    return _EXECUTE + encode(_EXECUTE_TYPES, [venue_word(venue), plan_calls(plan), min_change.raw])


def plan_calls(plan: LiquidationPlan) -> Sequence[tuple[Address, int, bytes, bool]]:
    """A plan's calls as the contract's struct Call: target, value, calldata, may fail."""
    return [(call.target, call.value_wei, call.calldata, call.may_fail) for call in plan.calls]


def venue_word(venue: str) -> bytes:
    """The name of a venue as the executor's rules know it: its letters, padded with zeros to 32 bytes."""
    return venue.encode().ljust(_WORD, b"\0")


def decode_execution(output: bytes, executor: Address) -> Execution:
    """The return value of `execute`. Raises RpcUnavailable when it does not decode: an endpoint is wrong, or the address is."""
    try:
        change, succeeded = decode(("int256", "bool[]"), output)
    except DecodingError as error:
        raise no_executor(executor) from error
    return Execution(Usd18(change), tuple(succeeded))


def no_executor(executor: Address) -> RpcUnavailable:
    """What to raise where an answer is none of a KeeperExecutor's."""
    # Not a ConfigError: one endpoint may be wrong. The standing check reports what is missing.
    return RpcUnavailable(
        f"address of the executor: what {executor} answers is no KeeperExecutor's; an endpoint is wrong, or the address is"
    )
