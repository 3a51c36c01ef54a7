"""What an operator's executor may do on a venue, and what its owner calls."""

from dataclasses import dataclass

from keeper.domain.chain import Address


@dataclass(frozen=True, slots=True)
class CallRule:
    """A function the executor may call on this venue. Every argument is one word; `words` holds the values each may have, as unsigned
    integers, in ascending order. None means free: an amount, or the account to be liquidated (never the executor itself).

    `fee_view` is a view of the target that takes the same arguments and tells the native coin the function wants: no call may carry more,
    and without it none. Only such a function may have arguments of any length, which no word bounds (a signed price)."""

    target: Address
    signature: str
    words: tuple[tuple[int, ...], ...]
    fee_view: str = ""


@dataclass(frozen=True, slots=True)
class OwnerCall:
    """A call with its arguments as integers and addresses, for an owner to read before it is made."""

    target: Address
    signature: str
    arguments: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Valuer:
    """The contract that values an executor on this venue: its name, the package whose `abi` folder has its creation code, its
    constructor's arguments as (ABI type, value), and what it answers to which calls if it was made with these."""

    contract: str
    package: str
    arguments: tuple[tuple[str, object], ...]
    answers: tuple[tuple[bytes, bytes], ...]
